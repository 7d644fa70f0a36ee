import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { REDIS_TIMING } from '../../src/gateway/store/redis/options.ts'
import { eventually, within } from '../rig/wait.ts'
import { ROOMY } from '../store/contract.ts'
import { batch, born, readNow } from '../store/tools.ts'
import { bundle, Child } from './child.ts'
import { Gateways } from './gateways.ts'
import { RedisServer } from './server.ts'

/** Short enough for a test, and long enough for a machine that is busy with others. */
const timing = { pulseMs: 100, leaseMs: 1_500, graceMs: 500 }

let redis: RedisServer
let owner: Awaited<ReturnType<typeof bundle>>
beforeAll(async () => {
  ;[redis, owner] = await Promise.all([RedisServer.start('--appendonly', 'no'), bundle()])
})
afterAll(async () => {
  await redis[Symbol.asyncDispose]()
  await owner[Symbol.asyncDispose]()
})

const child = (prefix: string, more: object = timing) =>
  Child.start(owner.file, { url: redis.url, prefix, limits: ROOMY, timing: more })

const INTERRUPTED = { reason: 'interrupted', type: 'Interrupted', message: expect.any(String) }

test('F63: a gateway that dies leaves its tasks interrupted, with all that anyone was shown', async () => {
  await using gateways = new Gateways(redis, { timing })
  const b = await gateways.open()
  await using a = await child(gateways.prefix)
  const id = randomUUID()
  await a.ask('create', { id })
  const mine = await born(b)
  for (let i = 0; i < 50; i++) await a.ask('append', id, batch(`${i} `))
  const reading = gateways.readToEnd(b, id, 0)
  await a.kill()
  const whole = Array.from({ length: 50 }, (_, i) => `${i} `).join('')
  expect(String(await within('the reader to be told', reading))).toBe(whole)
  expect((await b.read(id, 50))?.end).toEqual(INTERRUPTED)
  expect(await b.info(id)).toMatchObject({ status: 'interrupted', chunks: 50 })
  expect(await b.info(mine)).toMatchObject({ status: 'running' })
  const c = await gateways.open()
  expect(String(await readNow(c, id))).toBe(whole)
})

test('a gateway that dies and is started again finds its tasks interrupted', async () => {
  await using gateways = new Gateways(redis, { timing })
  const id = randomUUID()
  {
    await using a = await child(gateways.prefix)
    await a.ask('create', { id })
    await a.ask('append', id, batch('a'))
  }
  const again = await gateways.open()
  expect(String(await within('its reader to be told', gateways.readToEnd(again, id, 0)))).toBe('a')
  expect((await again.read(id, 1))?.end).toEqual(INTERRUPTED)
})

test('the times that are used are enough for 15 s from death to word', () => {
  const { leaseMs, graceMs, pulseMs } = REDIS_TIMING
  // Who looks may itself have come back just when the lease ended; and a pulse may just have been.
  expect(leaseMs + graceMs + 2 * pulseMs).toBeLessThanOrEqual(14_000)
  expect(leaseMs).toBeGreaterThanOrEqual(6 * pulseMs)
})

test('F62: a gateway that was taken for dead is refused when it comes back, and its readers are told the same', async () => {
  await using gateways = new Gateways(redis, { timing })
  const b = await gateways.open()
  await using a = await child(gateways.prefix)
  const id = randomUUID()
  await a.ask('create', { id })
  await a.ask('append', id, batch('before '))
  const reading = gateways.readToEnd(b, id, 0)
  a.freeze()
  expect(String(await within('the reader elsewhere', reading))).toBe('before ')
  const late = a.ask('append', id, batch('after'))
  a.thaw()
  expect(await within('the late append', late)).toBe('ended')
  expect(await a.ask('end', id, { reason: 'done' })).toBe(false)
  for (const page of [await a.ask('read', id, 0), await b.read(id, 0)]) {
    expect(String(Buffer.concat(page?.bytes ?? []))).toBe('before ')
    expect(page?.end).toEqual(INTERRUPTED)
  }
  const next = randomUUID()
  await a.ask('create', { id: next })
  expect(await a.ask('append', next, batch('a'))).toBe('stored')
  expect(String(await readNow(b, next))).toBe('a')
})

test('F49: a gateway that stood still for less than its lease goes on as if nothing had been', async () => {
  await using gateways = new Gateways(redis, { timing: { pulseMs: 20, graceMs: 0, leaseMs: 60_000 } })
  const b = await gateways.open()
  await using a = await child(gateways.prefix)
  const id = randomUUID()
  await a.ask('create', { id })
  a.freeze()
  const looked = async () => JSON.stringify(await redis.ask(['HVALS', `${gateways.prefix}gateways`]))
  for (let i = 0; i < 5; i++) {
    const before = await looked()
    await eventually('the other one to look', async () => (await looked()) !== before)
  }
  expect(await b.info(id)).toMatchObject({ status: 'running' })
  const appended = a.ask('append', id, batch('a'))
  a.thaw()
  expect(await within('the append', appended)).toBe('stored')
  expect(await b.info(id)).toMatchObject({ status: 'running', chunks: 1 })
})
