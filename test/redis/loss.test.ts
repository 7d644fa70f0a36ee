import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import type { RedisStore } from '../../src/gateway/store/redis.ts'
import { eventually, within } from '../rig/wait.ts'
import { batch, born, finished, NEVER, readNow, wait } from '../store/tools.ts'
import { Gateways } from './gateways.ts'
import { refusal, Script } from './script.ts'
import { RedisServer } from './server.ts'

const timing = { pulseMs: 100, patienceMs: 150, callMs: 700 }
const INTERRUPTED = { reason: 'interrupted', type: 'Interrupted', message: expect.any(String) }

const durable = (store: RedisStore) => eventually('everything to be in Redis', () => store.health().durable)

test('F58: Redis that lost everything ends what ran as interrupted, for all readers, and goes on', async () => {
  await using redis = await RedisServer.start('--appendonly', 'no')
  await using gateways = new Gateways(redis, { timing })
  const [a, b] = await gateways.pair()
  for (const lose of [
    () => redis.ask(['FLUSHALL']),
    async () => {
      await redis.kill()
      await redis.revive()
    },
  ]) {
    const id = await born(a, { key: 'once', digest: 'body' })
    await a.append(id, batch('a', 'b'))
    const readings = [gateways.readToEnd(a, id, 0), gateways.readToEnd(b, id, 0)]
    await eventually(
      'the other gateway to follow',
      async () => b.bytes === 2 || (await b.read(id, 1))?.next === 2,
    )
    const slow = await b.read(id, 0)
    await wait(b, id, slow?.next ?? 0, 1, NEVER)
    await lose()
    expect((await within('all readers', Promise.all(readings))).map(String)).toEqual(['ab', 'ab'])
    expect(await within('an append', a.append(id, batch('late')))).toBe('ended')
    expect((await a.read(id, 0))?.end).toEqual(INTERRUPTED)
    expect((await b.read(id, 2))?.end).toEqual(INTERRUPTED)
    const next = await finished(a, batch('new'))
    expect(String(await readNow(b, next))).toBe('new')
    const again = await b.create({ id: randomUUID(), claim: { key: 'once', digest: 'body' } })
    expect(again).toMatchObject({ status: 'running', chunks: 0 })
    await b.end(again.id, { reason: 'done' })
    await redis.ask(['FLUSHALL'])
  }
})

test('a log that Redis has lost is not begun anew in its middle', async () => {
  await using redis = await RedisServer.start()
  await using gateways = new Gateways(redis, { timing: { pulseMs: 60_000 } })
  const a = await gateways.open()
  const id = await born(a)
  await a.append(id, batch('a'))
  await redis.ask(['FLUSHALL'])
  expect(await a.append(id, batch('b'))).toBe('ended')
  expect((await a.read(id, 0))?.end).toEqual(INTERRUPTED)
  expect(await gateways.keys('log:*')).toEqual([])
})

test('F61: what a Redis has lost of a log that still runs its owner puts back, so that no number ever changes', async () => {
  await using redis = await RedisServer.start('--appendonly', 'no', '--save', '')
  await using gateways = new Gateways(redis, { timing })
  const [a, b] = await gateways.pair()
  const id = await born(a)
  const script = new Script()
  for (let i = 0; i < 5; i++) await script.say(a, id)
  await redis.ask(['SAVE'])
  for (let i = 0; i < 5; i++) await script.say(a, id)
  const reading = gateways.readToEnd(b, id, 0)
  await eventually('the other gateway to have it', async () => (await b.read(id, 9))?.next === 10)
  await redis.kill()
  await redis.revive()
  await eventually('the owner to be back', async () => (await refusal(a.ready())) === undefined)
  for (let i = 0; i < 5; i++) await script.say(a, id)
  await durable(a)
  await a.end(id, { reason: 'done' })
  expect((await within('the reader elsewhere', reading)).equals(script.whole)).toBe(true)
  expect((await readNow(await gateways.open(), id)).equals(script.whole)).toBe(true)
})

test('F61: an end that Redis has lost is put back', async () => {
  await using redis = await RedisServer.start('--appendonly', 'no', '--save', '')
  await using gateways = new Gateways(redis, { timing })
  const [a, b] = await gateways.pair()
  const id = await born(a)
  await a.append(id, batch('a'))
  await redis.ask(['SAVE'])
  await a.append(id, batch('b'))
  await a.end(id, { reason: 'done' })
  await redis.kill()
  await redis.revive()
  await eventually('the end to be back', async () => {
    return (await b.info(id).catch(() => undefined))?.status === 'done'
  })
  expect(String(await readNow(b, id))).toBe('ab')
})

test('an answer that Redis shows as running though its gateway has long forgotten it is interrupted', async () => {
  await using redis = await RedisServer.start('--appendonly', 'no', '--save', '')
  await using gateways = new Gateways(redis, { timing: { ...timing, lingerMs: 0 } })
  const [a, b] = await gateways.pair()
  const id = await born(a)
  await a.append(id, batch('a'))
  await redis.ask(['SAVE'])
  await a.end(id, { reason: 'done' })
  await eventually('the owner to let go of it', () => a.bytes === 0)
  await redis.kill()
  await redis.revive()
  await eventually('it to be interrupted', async () => {
    return (await b.info(id).catch(() => undefined))?.status === 'interrupted'
  })
})

test('a creation that was given up leaves no task behind', async () => {
  await using redis = await RedisServer.start()
  await using gateways = new Gateways(redis, { timing, limits: { tasks: 2 } })
  const [a, b] = await gateways.pair()
  const claim = { key: 'once', digest: 'body' }
  redis.freeze()
  expect(await refusal(a.create({ id: randomUUID(), claim }))).toMatchObject({ code: 'store_unavailable' })
  redis.thaw()
  await eventually('it to be ready', async () => (await refusal(a.ready())) === undefined)
  await eventually('the task to be gone', async () => (await b.list()).length === 0)
  const next = await a.create({ id: randomUUID(), claim })
  expect(await a.append(next.id, batch('a'))).toBe('stored')
})
