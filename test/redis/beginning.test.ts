import { expect, test } from 'vitest'
import { REDIS_TIMING } from '../../src/gateway/store/redis/options.ts'
import { eventually, within } from '../rig/wait.ts'
import { batch, born, finished, NEVER, readNow, wait } from '../store/tools.ts'
import { Gateways } from './gateways.ts'
import { refusal } from './script.ts'
import { RedisServer } from './server.ts'

const timing = { pulseMs: 100, patienceMs: 150, callMs: 700 }

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
    const [appending, waiting] = [a.append(id, batch('a')), wait(a, id, 5, 60_000, NEVER)]
    await within('the close', a.close(), REDIS_TIMING.callMs + 2_000)
    await within('who waited', Promise.all([appending, waiting]))
    redis.thaw()
  }
})
