import { expect, test } from 'vitest'
import { Pulses } from '../../src/gateway/chat/pulses.ts'
import type { RedisStore } from '../../src/gateway/store/redis.ts'
import { follow } from '../chat/shown.ts'
import { eventually, within } from '../rig/wait.ts'
import { batch, born } from '../store/tools.ts'
import { Gateways } from './gateways.ts'
import { RedisServer } from './server.ts'

const timing = { pulseMs: 100, patienceMs: 150, callMs: 700 }

/** What a reader is shown who reads along from the start. */
function readAlong(store: RedisStore, id: string) {
  const shown = { text: '', ended: '' }
  const over = follow(store, id, 0, new Pulses(60_000), new AbortController().signal, ({ bytes, end }) => {
    shown.text += Buffer.concat(bytes)
    shown.ended = end?.reason ?? ''
    return undefined
  })
  over.catch(() => {})
  return { shown, over }
}

test('an answer that is stopped in the moment Redis goes away ends for those who read along behind its last word, not before', async () => {
  await using redis = await RedisServer.start('--appendfsync', 'always')
  await using gateways = new Gateways(redis, { timing })
  const [a] = await gateways.pair()
  const id = await born(a)
  await a.append(id, batch('a'))
  const { shown, over } = readAlong(a, id)
  await eventually('the first word', () => shown.text === 'a')
  redis.freeze()
  const appending = a.append(id, batch('b'))
  const ending = a.end(id, { reason: 'cancelled' })
  await within('its reader', over)
  expect(shown).toEqual({ text: 'ab', ended: 'cancelled' })
  expect(await within('the append', appending)).toBe('stored')
  expect(await within('the end', ending)).toBe(true)
  redis.thaw()
})

test('a gateway that stops while Redis is away lets go of whoever reads, of its own answers and of others', async () => {
  await using redis = await RedisServer.start('--appendfsync', 'always')
  await using gateways = new Gateways(redis, { timing })
  const [a, b] = await gateways.pair()
  const [own, other] = [await born(b), await born(a)]
  await a.append(other, batch('a'))
  await b.append(own, batch('a'))
  const readers = [readAlong(b, own), readAlong(b, other)]
  await eventually('both to be read', () => readers.every(({ shown }) => shown.text === 'a'))
  await redis.kill()
  await eventually('that to be known', () => !b.health().durable)
  await within('the close', b.close(), 10_000)
  for (const { over } of readers)
    await expect(within('a reader', over)).rejects.toMatchObject({ code: 'task_not_found' })
})
