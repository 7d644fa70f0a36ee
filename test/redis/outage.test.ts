import { randomBytes, randomUUID } from 'node:crypto'
import { expect, test } from 'vitest'
import { REDIS_TIMING } from '../../src/gateway/store/redis/timing.ts'
import type { RedisStore } from '../../src/gateway/store/redis.ts'
import { eventually, pending, within } from '../rig/wait.ts'
import { batch, born, filled, finished, NEVER, readNow } from '../store/tools.ts'
import { Gateways } from './gateways.ts'
import { RedisServer } from './server.ts'

const timing = { pulseMs: 100, patienceMs: 150, callMs: 700 }
const INTERRUPTED = { reason: 'interrupted', type: 'Interrupted', message: expect.any(String) }

const durable = (store: RedisStore) => eventually('everything to be in Redis', () => store.health().durable)
const refusal = (promise: Promise<unknown>) =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  )

/** Chunks whose numbers can be read, and what they are together. */
class Script {
  readonly said: Buffer[] = []
  /** Appends one more, and waits until the store has it. */
  async say(store: RedisStore, id: string): Promise<void> {
    const chunk = Buffer.concat([Buffer.from(`${this.said.length}:`), randomBytes(50)])
    this.said.push(chunk)
    expect(await within('an append', store.append(id, batch(chunk)))).toBe('stored')
  }
  get whole(): Buffer {
    return Buffer.concat(this.said)
  }
}

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
  test(`while Redis is ${name} answers go on for the owner's readers, and then everyone has them whole`, async () => {
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
      return (await b.read(id, 19).catch(() => undefined))?.next === 20
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

test('while Redis is away every question is answered within two seconds, and in words', async () => {
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
      () => b.read(id, 0),
      () => b.info(id),
      () => b.end(id, { reason: 'cancelled' }),
      () => b.shared.askToCancel(id),
      () => b.info(randomUUID()),
    ]
    for (const fault of await within('all answers', Promise.all(asked.map((ask) => refusal(ask()))), 2_000))
      expect(fault).toMatchObject({ name: 'Fault', code: 'store_unavailable', status: 503 })
    await within('a sweep', a.sweep(), 2_000)
    await within('a wait', b.wait(id, 5, 100, NEVER), 2_000)
  }
})

test('the gateway says once that Redis is gone and once that it is back, and takes new tasks then', async () => {
  await using redis = await RedisServer.start()
  await using gateways = new Gateways(redis, { timing })
  const a = await gateways.open()
  for (let round = 0; round < 2; round++) {
    await redis.kill()
    await eventually('it to be not ready', () => refusal(a.ready()))
    await redis.revive()
    await eventually('it to be ready', async () => (await refusal(a.ready())) === undefined)
    await born(a)
  }
  expect(gateways.said.filter((line) => / cannot be reached /.test(line))).toHaveLength(2)
  expect(gateways.said.filter((line) => / works again$/.test(line))).toHaveLength(2)
})

test('what Redis does not have is bounded: then the agent has to wait, and nothing is lost', async () => {
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

test('Redis that lost everything ends what ran as interrupted, for all readers, and goes on', async () => {
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
      () => b.bytes === 2 || b.read(id, 1).then((page) => page?.next === 2),
    )
    const slow = await b.read(id, 0)
    await b.wait(id, slow?.next ?? 0, 1, NEVER)
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

test('what a Redis has lost of a log that still runs its owner puts back, so that no number ever changes', async () => {
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

test('an end that Redis has lost is put back', async () => {
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

test('a gateway that cannot reach Redis at its start says so, is not ready, and begins when it can', async () => {
  await using redis = await RedisServer.start()
  await redis.kill()
  await using gateways = new Gateways(redis, { timing })
  const a = await within('the start', gateways.open(), 3_000)
  expect(gateways.said).toEqual([
    expect.stringMatching(/^Redis at 127\.0\.0\.1:\d+ cannot be reached \(ECONNREFUSED\)/),
  ])
  expect(await refusal(a.ready())).toMatchObject({ code: 'store_unavailable' })
  expect(a.health()).toMatchObject({ durable: false, detail: expect.stringContaining('ECONNREFUSED') })
  await redis.revive()
  await eventually('it to be ready', async () => (await refusal(a.ready())) === undefined)
  expect(String(await readNow(a, await finished(a, batch('a'))))).toBe('a')
})

test('a gateway starts beside a Redis that takes connections and says nothing', async () => {
  await using redis = await RedisServer.start()
  redis.freeze()
  await using gateways = new Gateways(redis, { timing })
  const a = await within('the start', gateways.open(), 4_000)
  expect(await refusal(a.ready())).toMatchObject({ code: 'store_unavailable' })
  await within('the close', a.close())
})

test('a gateway closes in time though Redis is away, with answers that could not be stored', async () => {
  await using redis = await RedisServer.start()
  for (const stop of [() => redis.freeze(), () => redis.kill()]) {
    await using gateways = new Gateways(redis, { timing })
    const a = await gateways.open()
    const id = await born(a)
    await stop()
    const [appending, waiting] = [a.append(id, batch('a')), a.wait(id, 5, 60_000, NEVER)]
    await within('the close', a.close(), REDIS_TIMING.callMs + 2_000)
    await within('who waited', Promise.all([appending, waiting]))
    redis.thaw()
  }
})
