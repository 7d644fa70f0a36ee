import { randomUUID } from 'node:crypto'
import { rmSync } from 'node:fs'
import { expect, test } from 'vitest'
import type { RedisStore } from '../../src/gateway/store/redis.ts'
import { Gateways } from '../redis/gateways.ts'
import { refusal, Script } from '../redis/script.ts'
import { RedisServer } from '../redis/server.ts'
import { Passage } from '../rig/passage.ts'
import { eventually, within } from '../rig/wait.ts'
import { batch, born, finished, readNow } from '../store/tools.ts'

const timing = { pulseMs: 50, patienceMs: 100 }
const ready = (store: RedisStore) =>
  eventually('it to be ready', async () => (await refusal(store.ready())) === undefined)

const REFUSALS = [
  {
    name: 'cannot save to its disk',
    words: /cannot save to its disk and takes no writes \(MISCONF\)/,
    settings: ['--appendonly', 'no', '--save', '3600', '1'],
    async begin(redis: RedisServer) {
      const [, dir = ''] = (await redis.ask(['CONFIG', 'GET', 'dir'])) as string[]
      rmSync(dir, { recursive: true })
      await redis.ask(['BGSAVE'])
      await eventually('a save that failed', async () =>
        /rdb_last_bgsave_status:err/.test(String(await redis.ask(['INFO', 'persistence']))),
      )
    },
    end: (redis: RedisServer) => redis.ask(['CONFIG', 'SET', 'stop-writes-on-bgsave-error', 'no']),
  },
  {
    name: 'misses its replicas',
    words: /has not enough replicas to take writes \(NOREPLICAS\)/,
    settings: [],
    begin: (redis: RedisServer) => redis.ask(['CONFIG', 'SET', 'min-replicas-to-write', '1']),
    end: (redis: RedisServer) => redis.ask(['CONFIG', 'SET', 'min-replicas-to-write', '0']),
  },
] as const

test.each(REFUSALS)(
  'F60: while Redis $name new answers are refused in words, and running ones go on',
  async ({ words, settings, begin, end }) => {
    await using redis = await RedisServer.start(...settings)
    await using gateways = new Gateways(redis, { timing })
    const [a, b] = await gateways.pair()
    const id = await born(a)
    await a.append(id, batch('a'))
    const reading = gateways.readToEnd(b, id, 0)
    await begin(redis)
    expect(await refusal(a.create({ id: randomUUID() }))).toMatchObject({
      code: 'store_unavailable',
      message: expect.stringMatching(words),
    })
    expect(await within('an append', a.append(id, batch('b')))).toBe('stored')
    expect(String(await readNow(a, id))).toBe('ab')
    await end(redis)
    await ready(a)
    expect(await within('the end', a.end(id, { reason: 'done' }))).toBe(true)
    expect(String(await within('the reader elsewhere', reading))).toBe('ab')
  },
)

test('F60: a Redis that is loading its data is waited for, with words meanwhile', async () => {
  await using redis = await RedisServer.start(
    ...['--appendonly', 'no', '--key-load-delay', '20000', '--loading-process-events-interval-bytes', '1024'],
  )
  await using gateways = new Gateways(redis, { timing })
  const [a, b] = await gateways.pair()
  const id = await born(a)
  await a.append(id, batch('a'))
  for (let n = 0; n < 200; n += 1) await redis.ask(['SET', `ballast:${n}`, 'x'.repeat(500)])
  await redis.ask(['SAVE'])
  await redis.kill()
  const revived = redis.revive()
  await eventually('it to say so', async () =>
    /is loading its data \(LOADING\)/.test(String(await refusal(b.ready()))),
  )
  expect(await refusal(a.create({ id: randomUUID() }))).toMatchObject({ code: 'store_unavailable' })
  expect(await within('an append', a.append(id, batch('b')))).toBe('stored')
  await revived
  await ready(a)
  await within('the end', a.end(id, { reason: 'done' }))
  await eventually('all of it to be there', async () => {
    return String(await readNow(b, id).catch(() => '')) === 'ab'
  })
})

test('F61: when a replica takes over without the newest chunks their owner puts them back, and every number keeps its bytes', async () => {
  await using first = await RedisServer.start()
  await using second = await RedisServer.start()
  await using way = await Passage.open(first.port)
  await using gateways = new Gateways(first, { timing, url: `redis://127.0.0.1:${way.port}` })
  const [a, b] = await gateways.pair()
  const [id, script] = [await born(a), new Script()]
  const over = await finished(a, batch('over'))
  await second.ask(['REPLICAOF', '127.0.0.1', String(first.port)])
  for (let n = 0; n < 5; n += 1) await script.say(a, id)
  await eventually('the replica to have it', async () => {
    const [have, given] = await Promise.all([first, second].map((it) => it.ask(['DBSIZE'])))
    const length = await second.ask(['XLEN', `${gateways.prefix}log:${id}`]).catch(() => 0)
    return have === given && length === (await first.ask(['XLEN', `${gateways.prefix}log:${id}`]))
  })
  // It loses its master, keeps what it has, and misses what comes now.
  await second.ask(['REPLICAOF', '127.0.0.1', '1'])
  const reading = gateways.readToEnd(b, id, 0)
  for (let n = 0; n < 5; n += 1) await script.say(a, id)
  await eventually('the other gateway to have shown it', async () => (await b.read(id, 9))?.next === 10)
  await first.kill()
  await second.ask(['REPLICAOF', 'NO', 'ONE'])
  way.lead(second.port)
  await Promise.all([ready(a), ready(b)])
  for (let n = 0; n < 5; n += 1) await script.say(a, id)
  await eventually('all of it to be in Redis', () => a.health().durable)
  await a.end(id, { reason: 'done' })
  expect((await within('the reader elsewhere', reading)).equals(script.whole)).toBe(true)
  const c = await gateways.open()
  expect((await readNow(c, id)).equals(script.whole)).toBe(true)
  expect(String(await readNow(c, over))).toBe('over')
})

test('F65: what a newer gateway may have left in Redis is passed over', async () => {
  await using redis = await RedisServer.start()
  await using gateways = new Gateways(redis, { timing })
  const [a, b] = await gateways.pair()
  const id = await born(a)
  await a.append(id, batch('a'))
  const reading = gateways.readToEnd(b, id, 0)
  const key = (name: string) => `${gateways.prefix}${name}`
  await redis.ask(['HSET', key(`task:${id}`), 'of-the-future', '{"x":1}'])
  await redis.ask(['SET', key('of-the-future'), '1'])
  for (const inbox of await gateways.keys('inbox:*'))
    for (const words of ['{"kind":"of-the-future","id":1}', 'no JSON', '', '[]', 'null', '{"kind":"cancel"}'])
      await redis.ask(['XADD', key(inbox), '*', 'm', words])
  await redis.ask(['XADD', key('news'), '*', 'of-the-future', '1'])
  await a.append(id, batch('b'))
  await a.end(id, { reason: 'done' })
  expect(String(await within('the reader elsewhere', reading))).toBe('ab')
  const next = await finished(b, batch('next'))
  expect(String(await readNow(a, next))).toBe('next')
  expect(await b.shared.askToCancel(await born(a))).toBeUndefined()
})
