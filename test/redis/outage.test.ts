import { randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import type { RedisStore } from '../../src/gateway/store/redis.ts'
import { Passage } from '../rig/passage.ts'
import { eventually, pending, within } from '../rig/wait.ts'
import { batch, born, filled, NEVER, readNow, wait } from '../store/tools.ts'
import { Gateways } from './gateways.ts'
import { refusal, Script } from './script.ts'
import { RedisServer } from './server.ts'

const timing = { pulseMs: 100, patienceMs: 150, callMs: 700 }

const durable = (store: RedisStore) => eventually('everything to be in Redis', () => store.health().durable)

/** What stands still and comes back, and how. `stop` returns when Redis says nothing any more. */
const STANDSTILLS = [
  {
    name: 'paused for three seconds',
    stop: (redis: RedisServer) => redis.ask(['CLIENT', 'PAUSE', '3000', 'ALL']),
    go: async () => {},
  },
  {
    name: 'stopped',
    stop: async (redis: RedisServer) => redis.freeze(),
    go: async (redis: RedisServer) => redis.thaw(),
  },
  {
    name: 'killed, and comes back with its append-only file,',
    stop: (redis: RedisServer) => redis.kill(),
    go: (redis: RedisServer) => redis.revive(),
  },
] as const

for (const { name, stop, go } of STANDSTILLS)
  test(`F58, F59: while Redis is ${name} answers go on for the owner's readers, and then everyone has them whole`, async () => {
    await using redis = await RedisServer.start('--appendfsync', 'always')
    await using gateways = new Gateways(redis, { timing })
    const [a, b] = await gateways.pair()
    const id = await born(a)
    const script = new Script()
    for (let i = 0; i < 10; i++) await script.say(a, id)
    const [here, there] = [gateways.readToEnd(a, id, 0), gateways.readToEnd(b, id, 0)]
    const live = gateways.readToEnd(a, id, 10)
    await eventually('the other gateway to have it', async () => (await b.read(id, 9))?.next === 10)
    await stop(redis)
    for (let i = 0; i < 10; i++) await script.say(a, id)
    expect((await a.read(id, 0))?.next).toBe(20)
    await eventually('the owner to say so', () => !a.health().durable)
    expect(a.health().detail).toMatch(/Redis at 127\.0\.0\.1:\d+ /)
    expect(await pending(there)).toBe(true)
    await go(redis)
    await durable(a)
    await eventually('the other gateway to have the rest', async () => {
      return (await Promise.resolve(b.read(id, 19)).catch(() => undefined))?.next === 20
    })
    for (let i = 0; i < 10; i++) await script.say(a, id)
    expect(await within('the end', a.end(id, { reason: 'done' }))).toBe(true)
    const seen = await within('all readers', Promise.all([here, there, live]))
    expect(seen[0].equals(script.whole)).toBe(true)
    expect(seen[1].equals(script.whole)).toBe(true)
    expect(seen[2].equals(Buffer.concat(script.said.slice(10)))).toBe(true)
    const c = await gateways.open()
    expect((await readNow(c, id)).equals(script.whole)).toBe(true)
    expect(await c.info(id)).toMatchObject({ status: 'done', chunks: 30 })
  })

test('F59: while Redis is only slow, readers are shown nothing that it does not have', async () => {
  await using redis = await RedisServer.start()
  await using gateways = new Gateways(redis, { timing: { pulseMs: 60_000, patienceMs: 3_000 } })
  const a = await gateways.open()
  const id = await born(a)
  redis.freeze()
  const appending = a.append(id, batch('a'))
  expect(await pending(appending, 900)).toBe(true)
  expect(await a.read(id, 0)).toEqual({ bytes: [], next: 0 })
  redis.thaw()
  expect(await within('the append', appending)).toBe('stored')
  expect(a.health()).toEqual({ durable: true })
})

test('a Redis that says nothing is noticed by its silence', async () => {
  await using redis = await RedisServer.start()
  await using gateways = new Gateways(redis, { timing: { pulseMs: 60_000, patienceMs: 100 } })
  const a = await gateways.open()
  const id = await born(a)
  redis.freeze()
  expect(await within('an append', a.append(id, batch('a')))).toBe('stored')
  expect(a.health()).toEqual({ durable: false, detail: expect.stringMatching(/ does not answer$/) })
  redis.thaw()
  await durable(a)
})

test('connections that died without a word are replaced', async () => {
  await using redis = await RedisServer.start()
  await using way = await Passage.open(redis.port)
  await using gateways = new Gateways(redis, { timing })
  const a = await gateways.open()
  const b = await gateways.open({ url: `redis://127.0.0.1:${way.port}` })
  const id = await born(a)
  const waiting = wait(b, id, 0, 60_000, NEVER)
  const mine = await born(b)
  way.stall()
  expect(await within('an append', b.append(mine, batch('a')))).toBe('stored')
  await a.append(id, batch('a'))
  await eventually('it to be ready', async () => (await refusal(b.ready())) === undefined)
  await durable(b)
  expect(String(await readNow(a, mine))).toBe('a')
  await within('the blocked reader', waiting, 15_000)
})

test('an answer that ends while Redis is away ends for its readers at once, and in Redis later', async () => {
  await using redis = await RedisServer.start('--appendfsync', 'always')
  await using gateways = new Gateways(redis, { timing })
  const [a, b] = await gateways.pair()
  const id = await born(a)
  await a.append(id, batch('a'))
  await redis.kill()
  await within('an append', a.append(id, batch('b')))
  expect(await within('the end', a.end(id, { reason: 'cancelled' }))).toBe(true)
  expect(await a.append(id, batch('c'))).toBe('ended')
  expect(await a.end(id, { reason: 'done' })).toBe(false)
  expect(String(await within('its reader', gateways.readToEnd(a, id, 0)))).toBe('ab')
  expect(await a.info(id)).toMatchObject({ status: 'cancelled', chunks: 2 })
  await redis.revive()
  await durable(a)
  expect(await eventually('the other one', () => b.info(id).catch(() => undefined))).toMatchObject({
    status: 'cancelled',
    chunks: 2,
    bytes: 2,
  })
})

test('F58, F59: while Redis is away every question is answered within two seconds, and in words', async () => {
  await using redis = await RedisServer.start()
  await using gateways = new Gateways(redis, { timing: { pulseMs: 100 } })
  const [a, b] = await gateways.pair()
  const id = await born(a)
  for (const stop of [() => redis.freeze(), () => redis.kill()]) {
    await stop()
    const asked = [
      () => a.create({ id: randomUUID() }),
      () => a.ready(),
      () => a.list(),
      async () => b.read(id, 0),
      () => b.info(id),
      () => b.end(id, { reason: 'cancelled' }),
      () => b.shared.askToCancel(id),
      () => b.info(randomUUID()),
    ]
    for (const fault of await within('all answers', Promise.all(asked.map((ask) => refusal(ask()))), 2_000))
      expect(fault).toMatchObject({ name: 'Fault', code: 'store_unavailable', status: 503 })
    await within('a sweep', a.sweep(), 2_000)
    await within('a wait', wait(b, id, 5, 100, NEVER), 2_000)
  }
})

test('F59: what Redis does not have is bounded: then the agent has to wait, and nothing is lost', async () => {
  await using redis = await RedisServer.start('--appendfsync', 'always')
  await using gateways = new Gateways(redis, { timing: { ...timing, unsentBytes: 100_000 } })
  const [a, b] = await gateways.pair()
  const [id, other] = [await born(a), await born(a)]
  await redis.kill()
  for (let i = 0; i < 10; i++) expect(await within('an append', a.append(id, filled(10_000)))).toBe('stored')
  const late = a.append(id, filled(10_000))
  const last = a.append(id, batch('last'))
  expect(await pending(Promise.race([late, last]), 300)).toBe(true)
  expect(await within('an append of another task', a.append(other, batch('a')))).toBe('stored')
  await redis.revive()
  expect(await within('the appends that waited', Promise.all([late, last]))).toEqual(['stored', 'stored'])
  await eventually('the other gateway to be back', async () => (await refusal(b.ready())) === undefined)
  expect(await readNow(b, id)).toHaveLength(110_004)
})

test('an append that waits for Redis is let go by the end, and by the close', async () => {
  await using redis = await RedisServer.start()
  await using gateways = new Gateways(redis, { timing: { ...timing, unsentBytes: 10 } })
  const a = await gateways.open()
  const [id, other] = [await born(a), await born(a)]
  await redis.kill()
  const [late, later] = [a.append(id, filled(100)), a.append(other, filled(100))]
  expect(await pending(Promise.race([late, later]), 300)).toBe(true)
  await within('the end', a.end(id, { reason: 'cancelled' }))
  expect(await within('the append', late)).toBe('stored')
  await within('the close', a.close())
  await within('the other append', later)
})

test('a gateway is not taken for dead because Redis was away', async () => {
  await using redis = await RedisServer.start('--appendfsync', 'always')
  await using gateways = new Gateways(redis, { timing: { ...timing, leaseMs: 400, graceMs: 1_500 } })
  const [a, b] = await gateways.pair()
  const id = await born(a)
  await redis.kill()
  await eventually('longer than a lease to pass', () =>
    a.append(id, batch('x')).then(() => !a.health().durable),
  )
  await within('a while', new Promise((resolve) => setTimeout(resolve, 600)))
  await redis.revive()
  for (const store of [a, b])
    await eventually('it to be ready', async () => (await refusal(store.ready())) === undefined)
  await durable(a)
  expect(await a.append(id, batch('y'))).toBe('stored')
  expect(await b.info(id)).toMatchObject({ status: 'running', chunks: 2 })
})
