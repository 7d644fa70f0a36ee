import { beforeAll, expect, test } from 'vitest'
import { ROOMY } from '../store/contract.ts'
import { readNow } from '../store/tools.ts'
import { chunkOf } from './child/chunk.ts'
import { bundled, Writer } from './child/process.ts'
import { Place } from './place.ts'

const ROUNDS = 100
const ENDED = ['done', 'truncated']

let script: string
beforeAll(async () => {
  const { script: path, remove } = await bundled()
  script = path
  return remove
})

/** How far each answer was shown, and whether to its end. */
function shownIn(lines: readonly string[]): Map<string, { readonly next: number; readonly done: boolean }> {
  const shown = new Map<string, { next: number; done: boolean }>()
  for (const line of lines.slice(1)) {
    const [id = '', next, done] = line.split(' ')
    shown.set(id, { next: Number(next), done: done === 'done' })
  }
  return shown
}

test(`F40: has after each of ${ROUNDS} kills every chunk that any reader had been shown`, async () => {
  let chunks = 0
  for (let round = 0; round < ROUNDS; round++) {
    await using place = new Place()
    const writer = new Writer(script, place.dir)
    await writer.said(60 + Math.floor(Math.random() ** 2 * 60_000))
    const shown = shownIn(await writer.kill())
    const store = await place.open()
    const kept = new Set((await store.list()).map(({ id }) => id))
    // Finished answers go when there are more than 50 of them: what is left is the newest.
    const newest = [...shown.keys()].slice(-40)
    for (const id of newest) expect(kept).toContain(id)
    for (const { id, chunks: count, status } of await store.list()) {
      const { next, done } = shown.get(id) ?? { next: 0, done: false }
      expect(count).toBeGreaterThanOrEqual(next)
      expect(done ? ENDED : [...ENDED, 'interrupted']).toContain(status)
      const whole = Buffer.concat(Array.from({ length: count }, (_, number) => chunkOf(id, number)))
      expect((await readNow(store, id)).equals(whole)).toBe(true)
      chunks += next
    }
  }
  expect(chunks).toBeGreaterThan(10 * ROUNDS)
}, 300_000)

test('F40: goes on where it was killed, time after time, on the same directory', async () => {
  await using place = new Place()
  for (let round = 0; round < 5; round++) {
    const writer = new Writer(script, place.dir)
    await writer.said(2000)
    const shown = shownIn(await writer.kill())
    const store = await place.open({ limits: { ...ROOMY, tasks: 50 } })
    for (const [id, { next }] of shown) expect((await store.info(id))?.chunks).toBeGreaterThanOrEqual(next)
    for (const { id, chunks } of await store.list()) {
      const whole = Buffer.concat(Array.from({ length: chunks }, (_, number) => chunkOf(id, number)))
      expect((await readNow(store, id)).equals(whole)).toBe(true)
    }
    expect(place.said.filter((line) => line.includes('set aside'))).toEqual([])
    await store.close()
  }
})
