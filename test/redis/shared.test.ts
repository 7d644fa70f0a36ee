import { randomBytes, randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { SEAL } from '../../src/gateway/store/redis/keys.ts'
import type { StreamStore } from '../../src/gateway/store/store.ts'
import { eventually, pending, within } from '../rig/wait.ts'
import { batch, born, filled, finished, NEVER, pages, readNow, wait } from '../store/tools.ts'
import { Gateways } from './gateways.ts'
import { RedisServer } from './server.ts'

let redis: RedisServer
beforeAll(async () => {
  redis = await RedisServer.start('--appendonly', 'no')
})
afterAll(() => redis[Symbol.asyncDispose]())

/** What Redis says of the connections that wait for something. */
async function blocked(): Promise<number> {
  const clients = String(await redis.ask(['CLIENT', 'LIST']))
  return clients.split('\n').filter((line) => /\bflags=\w*b/.test(line)).length
}

async function pour(store: StreamStore, id: string, chunks: readonly Buffer[], together = 3): Promise<void> {
  for (let at = 0; at < chunks.length; at += together)
    await store.append(id, batch(...chunks.slice(at, at + together)))
  await store.end(id, { reason: 'done' })
}

test('what one gateway runs is read on another while it runs, to the last byte', async () => {
  await using gateways = new Gateways(redis)
  const [a, b] = await gateways.pair()
  const chunks = Array.from({ length: 600 }, (_, i) => randomBytes(1 + ((i * 37) % 3000)))
  const id = await born(a)
  const readings = [0, 1, 250].map((from) => gateways.readToEnd(b, id, from))
  await pour(a, id, chunks)
  const seen = await within('readers on another gateway', Promise.all(readings))
  expect(seen.map((it) => it.equals(Buffer.concat(chunks)))).toEqual([true, false, false])
  expect(seen[1]?.equals(Buffer.concat(chunks.slice(1)))).toBe(true)
  expect(seen[2]?.equals(Buffer.concat(chunks.slice(250)))).toBe(true)
})

test('many readers of many tasks cost a gateway one blocked connection', async () => {
  await using gateways = new Gateways(redis)
  const [a, b] = await gateways.pair()
  await eventually('both gateways to listen', async () => (await blocked()) === 2)
  const ids = await Promise.all(Array.from({ length: 20 }, () => born(a)))
  const readings = ids.flatMap((id) => Array.from({ length: 10 }, () => gateways.readToEnd(b, id, 0)))
  for (let round = 0; round < 20; round++)
    await Promise.all(ids.map((id, i) => a.append(id, batch(`${i}/${round} `))))
  expect(await pending(Promise.race(readings))).toBe(true)
  await eventually('both gateways to listen again', async () => (await blocked()) === 2)
  expect(
    Number(await redis.ask(['CLIENT', 'LIST']).then((list) => String(list).match(/name=ghost/g)?.length)),
  ).toBe(4)
  await Promise.all(ids.map((id) => a.end(id, { reason: 'done' })))
  const seen = await within('two hundred readers', Promise.all(readings))
  for (const [i, bytes] of seen.entries())
    expect(String(bytes)).toBe(Array.from({ length: 20 }, (_, n) => `${Math.floor(i / 10)}/${n} `).join(''))
})

test('what no news told of is found all the same', async () => {
  await using gateways = new Gateways(redis)
  const [a, b] = await gateways.pair()
  const id = await born(a)
  await a.append(id, batch('a'))
  const reading = gateways.readToEnd(b, id, 0)
  await eventually('the reader to have read all there is', async () => (await blocked()) === 2)
  const log = `${gateways.prefix}log:${id}`
  await redis.ask(['XADD', log, '2-2', 'b', 'b', 'e', ''])
  await redis.ask(['XADD', log, SEAL, 'end', JSON.stringify({ reason: 'done' })])
  expect(String(await within('a reader that was not told', reading))).toBe('ab')
})

test('a gateway alone tells no news, and does as soon as another one is there', async () => {
  await using gateways = new Gateways(redis)
  const a = await gateways.open()
  const id = await born(a)
  await a.append(id, batch('a'))
  expect(await gateways.keys()).not.toContain('news')
  const b = await gateways.open()
  await eventually('the other one to be known', async () => {
    return (await redis.ask(['HLEN', `${gateways.prefix}gateways`])) === 2
  })
  const reading = gateways.readToEnd(b, id, 0)
  await a.append(id, batch('b'))
  expect(await gateways.keys()).toContain('news')
  await a.end(id, { reason: 'done' })
  expect(String(await within('the reader', reading))).toBe('ab')
})

test('a reader that comes is followed for at once, not when the blocked connection returns by itself', async () => {
  await using gateways = new Gateways(redis)
  const [a, b] = await gateways.pair()
  const started = performance.now()
  for (let i = 0; i < 15; i++) {
    const id = await born(a)
    const waiting = wait(b, id, 0, 60_000, NEVER)
    await pending(waiting, 10)
    await a.append(id, batch('a'))
    await within('the reader', waiting)
  }
  // Left to itself each would take a second on average.
  expect(performance.now() - started).toBeLessThan(7_500)
})

test('a reader that is far behind gets everything, and costs the gateway a bounded window', async () => {
  await using gateways = new Gateways(redis)
  const [a, b] = await gateways.pair()
  const id = await born(a)
  const first = wait(b, id, 0, 60_000, NEVER)
  const chunks = Array.from({ length: 200 }, () => randomBytes(20_000))
  for (const chunk of chunks) await a.append(id, batch(chunk))
  await within('the reader that came first', first)
  await eventually('the window to be full', () => b.bytes > 100_000)
  expect(b.bytes).toBeLessThan(600_000)
  const reading = gateways.readToEnd(b, id, 0)
  await a.end(id, { reason: 'done' })
  expect((await within('the reader that is far behind', reading)).equals(Buffer.concat(chunks))).toBe(true)
})

test('an answer that is over is read anywhere, in pages, and held in no memory', async () => {
  await using gateways = new Gateways(redis, { timing: { lingerMs: 0, pulseMs: 20 } })
  const [a, b] = await gateways.pair()
  const chunks = Array.from({ length: 5_000 }, (_, i) => randomBytes(1 + (i % 700)))
  const id = await finished(
    a,
    ...Array.from({ length: 50 }, (_, i) => batch(...chunks.slice(i * 100, i * 100 + 100))),
  )
  await eventually('the owner to let go of it', () => a.bytes === 0)
  for (const store of [a, b]) {
    const seen = await pages(store, id)
    expect(Buffer.concat(seen.map(({ bytes }) => bytes)).equals(Buffer.concat(chunks))).toBe(true)
    expect(seen.length).toBeGreaterThan(3)
    expect(seen.length).toBeLessThan(60)
    expect(store.bytes).toBe(0)
    expect(await store.append(id, batch('late'))).toBe('ended')
  }
})

test('one claim is one task over all gateways', async () => {
  await using gateways = new Gateways(redis)
  const [a, b] = await gateways.pair()
  const claim = { key: 'once', digest: 'body' }
  const asked = [a, b, a, b, a, b].map((store) => store.create({ id: randomUUID(), claim }))
  const ids = new Set((await Promise.all(asked)).map(({ id }) => id))
  expect(ids.size).toBe(1)
  const other = b.create({ id: randomUUID(), claim: { key: 'once', digest: 'another' } })
  await expect(other).rejects.toMatchObject({ code: 'idempotency_conflict' })
})

test('the task limit is one over all gateways, however many come at once', async () => {
  await using gateways = new Gateways(redis, { limits: { tasks: 5 } })
  const [a, b] = await gateways.pair()
  const tries = Array.from({ length: 20 }, (_, i) => (i % 2 ? a : b).create({ id: randomUUID() }))
  const came = await Promise.allSettled(tries)
  expect(came.filter(({ status }) => status === 'fulfilled')).toHaveLength(5)
  const refused = came.flatMap((it) => (it.status === 'rejected' ? [it.reason] : []))
  for (const reason of refused) expect(reason).toMatchObject({ code: 'at_capacity', status: 503 })
})

test('the oldest finished task goes first, whoever ran it, and every gateway forgets it', async () => {
  await using gateways = new Gateways(redis, { limits: { tasks: 3 }, timing: { pulseMs: 20, lingerMs: 0 } })
  const [a, b] = await gateways.pair()
  const first = await finished(a, batch('1'))
  const second = await finished(b, batch('2'))
  const running = await born(a)
  const third = await born(b)
  expect(await b.read(first, 0)).toBeUndefined()
  await eventually('the owner to forget it', async () => (await a.read(first, 0)) === undefined)
  expect(String(await readNow(a, second))).toBe('2')
  expect(b.evicted).toBe(1)
  for (const store of [a, b])
    expect((await store.list()).map(({ id }) => id)).toEqual([third, running, second])
})

test('every gateway lists the same tasks, newest first', async () => {
  await using gateways = new Gateways(redis)
  const [a, b] = await gateways.pair()
  const ids: string[] = []
  for (let i = 0; i < 6; i++) ids.push(await born(i % 2 ? a : b))
  await a.append(ids[1] ?? '', filled(10, 3))
  await b.end(ids[2] ?? '', { reason: 'failed', type: 'UpstreamError', message: 'broke off' })
  const [seenByA, seenByB] = [await a.list(), await b.list()]
  expect(seenByA).toEqual(seenByB)
  expect(seenByA.map(({ id }) => id)).toEqual(ids.toReversed())
  expect(seenByA[4]).toMatchObject({ chunks: 3, bytes: 30, status: 'running' })
})

test('when its time is over nothing of a task is left in Redis: no key, no place in a list, no claim', async () => {
  await using gateways = new Gateways(redis, { limits: { ttlMs: 150 }, timing: { pulseMs: 20 } })
  const [a, b] = await gateways.pair()
  const id = await born(a, { key: 'once', digest: 'body' })
  await a.append(id, batch('a'))
  const reading = gateways.readToEnd(b, id, 0)
  expect(await gateways.keys()).toContain('claim:once')
  await a.end(id, { reason: 'done' })
  await within('a reader on another gateway', reading)
  const left = async () =>
    (await gateways.keys()).filter((key) => !/^(gateways|inbox:.*|news|sequence)$/.test(key))
  await eventually('all of it to be gone', async () => (await left()).length === 0, 5_000)
  for (const store of [a, b]) {
    await eventually('it to be unknown', async () => (await store.read(id, 0)) === undefined)
    expect(await store.list()).toEqual([])
  }
})

test('a task that is being created is not taken for one that nobody runs', async () => {
  await using gateways = new Gateways(redis, { limits: { tasks: 1_000 }, timing: { pulseMs: 1 } })
  const a = await gateways.open()
  const ids: string[] = []
  for (let i = 0; i < 400; i++) ids.push(await born(a))
  const appended = await Promise.all(ids.map((id) => a.append(id, batch('a'))))
  expect(appended.filter((it) => it !== 'stored')).toEqual([])
})

test('each prefix is a world of its own', async () => {
  await using one = new Gateways(redis)
  await using two = new Gateways(redis)
  const [a, b] = [await one.open(), await two.open()]
  const id = await finished(a, batch('a'))
  expect(await b.read(id, 0)).toBeUndefined()
  expect(await b.list()).toEqual([])
})

test('a gateway that leaves in order leaves no trace of itself but its tasks', async () => {
  const gateways = new Gateways(redis)
  const [a] = await gateways.pair()
  await finished(a, batch('a'))
  await gateways[Symbol.asyncDispose]()
  await eventually('news to be old', async () => !(await gateways.keys()).includes('news'), 8_000)
  expect((await gateways.keys()).map((key) => key.replace(/:.*/, ''))).toEqual([
    'finished',
    'log',
    'sequence',
    'task',
    'tasks',
  ])
  expect((await redis.ask(['CLIENT', 'LIST'])) as string).not.toContain('name=ghost')
})
