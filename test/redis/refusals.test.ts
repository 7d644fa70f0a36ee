import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SCRIPTS } from '../../src/gateway/store/redis/scripts.ts'
import type { RedisStore } from '../../src/gateway/store/redis.ts'
import { eventually, within } from '../rig/wait.ts'
import { batch, born, filled, finished, readNow } from '../store/tools.ts'
import { Gateways } from './gateways.ts'
import { refusal } from './script.ts'
import { RedisServer } from './server.ts'

const timing = { pulseMs: 50, patienceMs: 100 }

let redis: RedisServer
beforeAll(async () => {
  redis = await RedisServer.start()
})
afterAll(() => redis[Symbol.asyncDispose]())

const unready = (store: RedisStore, words: RegExp) =>
  eventually(`not ready: ${words}`, async () => words.test(String(await refusal(store.ready()))))
const ready = (store: RedisStore) =>
  eventually('it to be ready', async () => (await refusal(store.ready())) === undefined)

/** Refusals of Redis to take writes, and how to bring them about and end them. */
const REFUSALS = [
  {
    name: 'is full',
    words: /is full: its maxmemory is used up \(OOM\)/,
    begin: () => redis.ask(['CONFIG', 'SET', 'maxmemory', '1']),
    end: () => redis.ask(['CONFIG', 'SET', 'maxmemory', '0']),
  },
  {
    name: 'became a replica',
    words: /is a replica that takes no writes \(READONLY\)/,
    // Of a master that is not there: it keeps its data, and takes no writes.
    begin: () => redis.ask(['REPLICAOF', '127.0.0.1', '1']),
    end: () => redis.ask(['REPLICAOF', 'NO', 'ONE']),
  },
] as const

for (const { name, words, begin, end } of REFUSALS)
  test(`F60: while Redis ${name} new tasks are refused, those that run go on, and nothing is lost`, async () => {
    await using gateways = new Gateways(redis, { timing })
    const [a, b] = await gateways.pair()
    const id = await born(a)
    await a.append(id, batch('a'))
    const reading = gateways.readToEnd(b, id, 0)
    await begin()
    try {
      expect(await refusal(a.create({ id: randomUUID() }))).toMatchObject({
        code: 'store_unavailable',
        message: expect.stringMatching(words),
      })
      await unready(a, words)
      expect(await within('an append', a.append(id, batch('b')))).toBe('stored')
      expect(String(await readNow(a, id))).toBe('ab')
      expect(a.health()).toEqual({ durable: false, detail: expect.stringMatching(words) })
      expect(await b.read(id, 0)).toMatchObject({ next: 1 })
      expect(await refusal(b.end(id, { reason: 'cancelled' }))).toMatchObject({ code: 'store_unavailable' })
      await a.sweep()
    } finally {
      await end()
    }
    await ready(a)
    expect(await within('an append', a.append(id, batch('c')))).toBe('stored')
    expect(await within('the end', a.end(id, { reason: 'done' }))).toBe(true)
    expect(String(await within('the reader elsewhere', reading))).toBe('abc')
    await eventually('all of it to be in Redis', () => a.health().durable)
    await born(a)
  })

test('F60: a Redis that forgets the scripts is told them again', async () => {
  await using gateways = new Gateways(redis, { timing })
  const [a, b] = await gateways.pair()
  const id = await born(a)
  for (let i = 0; i < 5; i++) {
    await redis.ask(['SCRIPT', 'FLUSH'])
    expect(await a.append(id, batch(`${i} `))).toBe('stored')
  }
  await redis.ask(['SCRIPT', 'FLUSH'])
  expect(await a.end(id, { reason: 'done' })).toBe(true)
  await redis.ask(['SCRIPT', 'FLUSH'])
  expect(String(await readNow(b, id))).toBe('0 1 2 3 4 ')
  expect(await b.list()).toHaveLength(1)
})

test('an end is not stored before all that it ends', async () => {
  await using gateways = new Gateways(redis, { timing })
  const [a, b] = await gateways.pair()
  const id = await born(a)
  await a.append(id, batch('a'))
  // Both are sent together, and only the end is understood at once.
  await redis.ask(['SCRIPT', 'FLUSH'])
  await redis.ask(['SCRIPT', 'LOAD', SCRIPTS.end.text])
  const answers = await Promise.all([a.append(id, batch('b')), a.end(id, { reason: 'done' })])
  expect(answers).toEqual(['stored', true])
  expect(String(await readNow(b, id))).toBe('ab')
})

test('a wrong password, a missing one and a stranger are told in words, and no secret is', async () => {
  await using locked = await RedisServer.start()
  await locked.ask(['ACL', 'SETUSER', 'guest', 'on', '>guess me', '~*', '+@all', '-eval', '-evalsha'])
  await locked.ask(['ACL', 'SETUSER', 'default', '>another'])
  const cases = [
    ['wrong:s3cret-w0rd', /refuses the user or the password \(WRONGPASS\)/],
    [':s3cret-w0rd', /refuses the user or the password \(WRONGPASS\)/],
    ['', /wants a password \(NOAUTH\)/],
    ['guest:guess%20me', /does not permit this user what the gateway needs \(NOPERM\)/],
  ] as const
  for (const [login, words] of cases) {
    await using gateways = new Gateways(locked, {
      timing,
      url: `redis://${login && `${login}@`}127.0.0.1:${locked.port}`,
    })
    const a = await within('the start', gateways.open(), 4_000)
    await unready(a, words)
    const fault = await refusal(a.create({ id: randomUUID() }))
    expect(fault).toMatchObject({ code: 'store_unavailable', message: expect.stringMatching(words) })
    const told = [...gateways.said, JSON.stringify(a.health()), String(fault), JSON.stringify(fault)].join()
    expect(told).not.toMatch(/s3cret|guess/)
  }
})

test('user, password and database of the address are used', async () => {
  await redis.ask(['ACL', 'SETUSER', 'gateway', 'on', '>p@ss/w:rd', '~*', '&*', '+@all'])
  await using gateways = new Gateways(redis, {
    timing,
    url: `redis://gateway:p%40ss%2Fw%3Ard@127.0.0.1:${redis.port}/3`,
  })
  const a = await gateways.open()
  const id = await finished(a, filled(100))
  expect(await gateways.keys('log:*')).toEqual([])
  await using elsewhere = new Gateways(redis)
  expect(await (await elsewhere.open()).info(id)).toBeUndefined()
  expect(await a.info(id)).toMatchObject({ chunks: 1 })
})

test('settings of Redis that lose answers are said at the start, in one line that names them', async () => {
  await using careless = await RedisServer.start('--appendonly', 'no', '--maxmemory-policy', 'allkeys-lru')
  await using gateways = new Gateways(careless, { timing })
  await gateways.open()
  expect(gateways.said).toEqual([
    expect.stringMatching(/^Redis at 127\.0\.0\.1:\d+: maxmemory-policy is allkeys-lru.*appendonly is no/),
  ])
  await using careful = new Gateways(redis, { timing })
  await careful.open()
  expect(careful.said).toEqual([])
})

test('an answer of which Redis has thrown a part away is interrupted where the gap is', async () => {
  await using gateways = new Gateways(redis, { timing })
  const [a, b] = await gateways.pair()
  const id = await born(a)
  for (const text of ['a', 'b', 'c', 'd']) await a.append(id, batch(text))
  await redis.ask(['XDEL', `${gateways.prefix}log:${id}`, '3-3'])
  await a.end(id, { reason: 'done' })
  const b1 = await b.read(id, 0)
  expect([String(Buffer.concat(b1?.bytes ?? [])), b1?.next, b1?.end]).toEqual(['ab', 2, undefined])
  expect(await b.read(id, 3)).toMatchObject({ next: 4, end: { reason: 'done' } })
})
