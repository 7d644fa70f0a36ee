import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises'
import fc from 'fast-check'
import { expect } from 'vitest'
import { within } from '../../rig/wait.ts'
import type { Contract } from '../contract.ts'
import { batch, born, finished, pages, readNow, readToEnd } from '../tools.ts'

const chunk = fc.uint8Array({ minLength: 1, maxLength: 4000 })
const batches = fc.array(fc.array(chunk, { minLength: 1, maxLength: 8 }), { maxLength: 12 })
/** A reader joins after some of the batches, at some chunk, and takes its time in one of three ways. */
const reader = fc.record({
  joins: fc.double({ min: 0, max: 1, noNaN: true }),
  from: fc.oneof(fc.constant(0), fc.nat(20)),
  pace: fc.constantFrom(undefined, turn, () => pause(1)),
})

export function readers({ open, promise }: Contract): void {
  promise('gives ten readers that join at any time the same bytes', async () => {
    await using world = await open()
    const { store } = world
    const ten = fc.array(reader, { minLength: 10, maxLength: 10 })
    const turns = fc.array(fc.boolean(), { minLength: 12, maxLength: 12 })
    await fc.assert(
      fc.asyncProperty(batches, ten, turns, async (given, who, breathe) => {
        const id = await born(store)
        const chunks = given.flat()
        const readings: Promise<boolean>[] = []
        const join = async ({ from, pace }: (typeof who)[number]) => {
          const seen = await readToEnd(store, id, from, pace)
          return seen.equals(Buffer.concat(chunks.slice(from)))
        }
        for (let i = 0; i <= given.length; i++) {
          for (const one of who) if (Math.round(one.joins * given.length) === i) readings.push(join(one))
          const next = given[i]
          if (next) await store.append(id, batch(...next))
          if (breathe[i]) await turn()
        }
        await store.end(id, { reason: 'done' })
        const all = await within('ten readers to reach the end', Promise.all(readings))
        expect(all).toEqual(Array(10).fill(true))
      }),
      { numRuns: 40 },
    )
  })

  promise('resumes at any number with neither gap nor repeat', async () => {
    await using world = await open()
    const { store } = world
    await fc.assert(
      fc.asyncProperty(batches, async (given) => {
        const id = await finished(store, ...given.map((one) => batch(...one)))
        const chunks = given.flat()
        for (let from = 0; from <= chunks.length; from++) {
          const seen = await pages(store, id, from)
          const numbers = [from, ...seen.map(({ next }) => next)]
          expect(seen.map((page) => page.from)).toEqual(numbers.slice(0, -1))
          expect(numbers.at(-1)).toBe(chunks.length)
          for (const page of seen)
            expect(page.bytes.equals(Buffer.concat(chunks.slice(page.from, page.next)))).toBe(true)
        }
      }),
      { numRuns: 25 },
    )
  })

  promise('lets a reader see a chunk no sooner than it is stored, and then at once', async () => {
    await using world = await open()
    const { store } = world
    const id = await born(store)
    for (let i = 0; i < 50; i++) {
      await store.append(id, batch(`${i} `))
      expect(String(await readNow(store, id, i))).toBe(`${i} `)
      expect((await store.info(id))?.chunks).toBe(i + 1)
    }
  })

  promise('lets a reader wait at a number that is still to come', async () => {
    await using world = await open()
    const { store } = world
    const id = await born(store)
    const reading = readToEnd(store, id, 3)
    for (const text of ['a', 'b', 'c', 'd', 'e']) await store.append(id, batch(text))
    await store.end(id, { reason: 'done' })
    expect(String(await within('a reader from beyond the live end', reading))).toBe('de')
  })
}
