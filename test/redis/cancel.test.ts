import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CancelReceipt } from '../../src/protocol.ts'
import { deferred, within } from '../rig/wait.ts'
import { batch, born, finished } from '../store/tools.ts'
import { Gateways } from './gateways.ts'
import { RedisServer } from './server.ts'

let redis: RedisServer
beforeAll(async () => {
  redis = await RedisServer.start('--appendonly', 'no')
})
afterAll(() => redis[Symbol.asyncDispose]())

const RECEIPT: CancelReceipt = { status: 'cancelled', agent: { closed_ms: 3, turn_cancelled: true } }

test('a cancel reaches the gateway that runs the task, and its receipt comes back', async () => {
  await using gateways = new Gateways(redis)
  const [a, , c] = [await gateways.open(), await gateways.open(), await gateways.open()]
  const id = await born(a)
  const asked: string[] = []
  a.shared.onCancel(async (task) => {
    asked.push(task)
    return (await a.end(task, { reason: 'cancelled' })) ? RECEIPT : undefined
  })
  c.shared.onCancel(() => Promise.reject(new Error('not this one')))
  expect(await within('the receipt', c.shared.askToCancel(id))).toEqual(RECEIPT)
  expect(asked).toEqual([id])
  expect(await c.info(id)).toMatchObject({ status: 'cancelled' })
  expect(await a.append(id, batch('late'))).toBe('ended')
})

test('nobody is asked to cancel what does not run', async () => {
  await using gateways = new Gateways(redis)
  const [a, b] = await gateways.pair()
  const id = await finished(a)
  expect(await b.shared.askToCancel(id)).toBeUndefined()
  expect(await b.shared.askToCancel(randomUUID())).toBeUndefined()
})

test('a cancel of a task of its own a gateway carries out itself', async () => {
  await using gateways = new Gateways(redis)
  const a = await gateways.open()
  a.shared.onCancel(async () => RECEIPT)
  expect(await a.shared.askToCancel(await born(a))).toEqual(RECEIPT)
})

test('a cancel that the owner does not answer, or fails at, is unconfirmed', async () => {
  await using gateways = new Gateways(redis, { timing: { answerMs: 50 } })
  const [a, b] = await gateways.pair()
  const id = await born(a)
  const { promise, resolve } = deferred<CancelReceipt | undefined>()
  a.shared.onCancel(() => promise)
  expect(await b.shared.askToCancel(id)).toBe('unconfirmed')
  a.shared.onCancel(() => Promise.reject(new Error('broken')))
  expect(await b.shared.askToCancel(id)).toBe('unconfirmed')
  resolve(RECEIPT)
})

test('a task that just ended when the cancel came is said to be nobody’s', async () => {
  await using gateways = new Gateways(redis)
  const [a, b] = await gateways.pair()
  a.shared.onCancel(async () => undefined)
  expect(await b.shared.askToCancel(await born(a))).toBeUndefined()
})

test('an end from another gateway is the end: the owner is refused, and everyone is told the same', async () => {
  await using gateways = new Gateways(redis, { timing: { pulseMs: 20 } })
  const [a, b] = await gateways.pair()
  const id = await born(a)
  await a.append(id, batch('a', 'b'))
  const readings = [a, b].map((store) => gateways.readToEnd(store, id, 0))
  expect(await b.end(id, { reason: 'cancelled' })).toBe(true)
  expect(await a.append(id, batch('late'))).toBe('ended')
  expect(await a.end(id, { reason: 'done' })).toBe(false)
  expect((await within('all readers', Promise.all(readings))).map(String)).toEqual(['ab', 'ab'])
  for (const store of [a, b]) {
    expect(await store.info(id)).toMatchObject({ status: 'cancelled', chunks: 2, bytes: 2 })
    expect((await store.read(id, 2))?.end).toEqual({ reason: 'cancelled' })
  }
})

test('an end from another gateway wakes the owner’s readers, though nothing is appended any more', async () => {
  await using gateways = new Gateways(redis, { timing: { pulseMs: 20 } })
  const [a, b] = await gateways.pair()
  const id = await born(a)
  await a.append(id, batch('a'))
  const reading = gateways.readToEnd(a, id, 0)
  await b.end(id, { reason: 'cancelled' })
  expect(String(await within('the owner’s reader', reading))).toBe('a')
})

test('the first end wins, wherever it comes from', async () => {
  await using gateways = new Gateways(redis)
  const [a, b] = await gateways.pair()
  for (let round = 0; round < 20; round++) {
    const id = await born(a)
    await a.append(id, batch('a'))
    const ends = [{ reason: 'done' }, { reason: 'cancelled' }] as const
    const won = await Promise.all([a.end(id, ends[0]), b.end(id, ends[1])])
    expect(won.filter(Boolean)).toHaveLength(1)
    const end = ends[won.indexOf(true)]
    for (const store of [a, b]) expect((await store.read(id, 1))?.end).toEqual(end)
  }
})
