import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { RedisStore } from '../../src/gateway/store/redis.ts'
import { within } from '../rig/wait.ts'
import { batch, born, NEVER, wait } from '../store/tools.ts'
import { Gateways } from './gateways.ts'
import { RedisServer } from './server.ts'

let redis: RedisServer
beforeAll(async () => {
  redis = await RedisServer.start('--appendonly', 'no')
})
afterAll(() => redis[Symbol.asyncDispose]())

/** A chunk that tells its number, so that a gap, a repeat and a wrong byte are all seen. */
const chunk = (number: number, size: number) => Buffer.from(`${number};`.padEnd(size, '.'))

/** Reads one page here, the next one there, waiting sometimes, down to the end. */
async function hop(
  stores: readonly RedisStore[],
  id: string,
  from: number,
  route: readonly { readonly at: number; readonly waits: boolean }[],
): Promise<Buffer> {
  const seen: Uint8Array[] = []
  for (let number = from, step = 0; ; step++) {
    const { at = 0, waits = true } = route[step % route.length] ?? {}
    const store = stores[at % stores.length]
    const page = await store?.read(id, number)
    if (!store || !page) throw new Error('the log is unknown')
    seen.push(...page.bytes.map((bytes) => Uint8Array.from(bytes)))
    if (page.end) return Buffer.concat(seen)
    const stands = page.next === number
    number = page.next
    if (waits || stands) await wait(store, id, number, 2_000, NEVER)
  }
}

const batches = fc.array(fc.array(fc.integer({ min: 8, max: 9_000 }), { minLength: 1, maxLength: 6 }), {
  minLength: 1,
  maxLength: 40,
})
const readers = fc.array(
  fc.record({
    joins: fc.double({ min: 0, max: 1, noNaN: true }),
    from: fc.oneof(fc.constant(0), fc.nat(60)),
    route: fc.array(fc.record({ at: fc.nat(2), waits: fc.boolean() }), { minLength: 1, maxLength: 7 }),
  }),
  { minLength: 1, maxLength: 8 },
)

test('F63: readers that change the gateway at any number see the same bytes, without gap or repeat', async () => {
  await using gateways = new Gateways(redis, {
    limits: { tasks: 1_000 },
    timing: { lingerMs: 0, pulseMs: 10 },
  })
  const stores = [await gateways.open(), await gateways.open(), await gateways.open()] as const
  await fc.assert(
    fc.asyncProperty(batches, readers, fc.nat(2), async (sizes, who, owner) => {
      const writer = stores[owner] ?? stores[0]
      const id = await born(writer)
      let count = 0
      const chunks = sizes.map((some) => some.map((size) => chunk(count++, size)))
      const readings: Promise<boolean>[] = []
      for (let i = 0; i <= chunks.length; i++) {
        for (const { joins, from, route } of who)
          if (Math.round(joins * chunks.length) === i)
            readings.push(
              hop(stores, id, from, route).then((seen) =>
                seen.equals(Buffer.concat(chunks.flat().slice(from))),
              ),
            )
        const next = chunks[i]
        if (next) await writer.append(id, batch(...next))
      }
      await writer.end(id, { reason: 'done' })
      const all = await within('all readers', Promise.all(readings))
      expect(all.every(Boolean)).toBe(true)
    }),
    { numRuns: 60 },
  )
})
