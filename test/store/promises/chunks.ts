import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect } from 'vitest'
import type { Contract } from '../contract.ts'
import { batch, born, filled, finished, pages, readNow } from '../tools.ts'

/** No page of chunks that could have been cut may be larger; how much smaller it is is the back end's to choose. */
const PAGE_BOUND = 1 << 20

export function chunks({ open, promise }: Contract): void {
  promise('numbers chunks from 0', async () => {
    await using world = await open()
    const { store } = world
    const id = await born(store)
    expect(await store.read(id, 0)).toEqual({ bytes: [], next: 0 })
    expect(await store.append(id, batch('a', 'b'))).toBe('stored')
    expect(await store.append(id, batch('c'))).toBe('stored')
    expect(await store.info(id)).toMatchObject({ chunks: 3, bytes: 3 })
    for (const [from, rest] of ['abc', 'bc', 'c', ''].entries()) {
      expect(String(await readNow(store, id, from))).toBe(rest)
      expect((await pages(store, id, from)).at(-1)?.next ?? from).toBe(3)
    }
  })

  promise('has copied what it is given before the call returns', async () => {
    await using world = await open()
    const { store } = world
    const id = await born(store)
    const given = batch('first', 'second')
    const appending = store.append(id, given)
    given.bytes.fill(0)
    Object.assign(given, { ends: [1, 2, 3], count: 3 })
    expect(await appending).toBe('stored')
    expect(await store.info(id)).toMatchObject({ chunks: 2, bytes: 11 })
    expect(String(await readNow(store, id))).toBe('firstsecond')
  })

  promise('answers with a page, not a stream', async () => {
    await using world = await open()
    const { store } = world
    const id = await born(store)
    const whole: Buffer[] = []
    for (let i = 0; i < 40; i++) {
      const piece = randomBytes(250_000)
      whole.push(piece)
      await store.append(id, {
        bytes: piece,
        ends: Array.from({ length: 250 }, (_, n) => (n + 1) * 1000),
        count: 250,
      })
    }
    const seen = await pages(store, id)
    expect(seen.length).toBeGreaterThan(1)
    for (const page of seen) {
      expect(page.bytes.length).toBeLessThanOrEqual(PAGE_BOUND)
      expect(page.bytes.length).toBe((page.next - page.from) * 1000)
    }
    expect(Buffer.concat(seen.map(({ bytes }) => bytes)).equals(Buffer.concat(whole))).toBe(true)
  })

  promise('answers with a chunk that is larger than a page alone', async () => {
    await using world = await open()
    const { store } = world
    const large = randomBytes(3 * PAGE_BOUND)
    const id = await finished(store, batch('before', large, 'after'), batch(large))
    const seen = await pages(store, id)
    const alone = seen.filter(({ bytes }) => bytes.length > PAGE_BOUND)
    expect(alone.map(({ from, next }) => [from, next])).toEqual([
      [1, 2],
      [3, 4],
    ])
    for (const page of alone) expect(page.bytes.equals(large)).toBe(true)
    expect(seen.at(-1)?.next).toBe(4)
  })

  promise('keeps every byte', async () => {
    await using world = await open()
    const { store } = world
    const chunk = fc.uint8Array({ minLength: 1, maxLength: 300 })
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(chunk, { minLength: 1, maxLength: 20 })), async (batches) => {
        const id = await finished(store, ...batches.map((one) => batch(...one)))
        expect((await readNow(store, id)).equals(Buffer.concat(batches.flat()))).toBe(true)
      }),
      { numRuns: 50 },
    )
    const every = Uint8Array.from({ length: 256 }, (_, i) => i)
    expect([...(await readNow(store, await finished(store, batch(every))))]).toEqual([...every])
  })

  promise('keeps what a chunk was when it was appended, whatever becomes of the buffer', async () => {
    await using world = await open()
    const { store } = world
    const id = await born(store)
    const bytes = Buffer.from('as it was')
    await store.append(id, { bytes, ends: [bytes.length], count: 1 })
    bytes.fill(0)
    expect(String(await readNow(store, id))).toBe('as it was')
  })

  promise('leaves a page that was read as it is, whatever comes after it', async () => {
    await using world = await open()
    const { store } = world
    const id = await born(store)
    await store.append(id, batch('first', 'second'))
    const page = await store.read(id, 0)
    for (let i = 0; i < 20; i++) await store.append(id, filled(1000, 10))
    await store.end(id, { reason: 'done' })
    expect(String(Buffer.concat(page?.bytes ?? []))).toBe('firstsecond')
  })

  promise('takes an empty batch for nothing', async () => {
    await using world = await open()
    const { store } = world
    const id = await born(store)
    await store.append(id, batch('a'))
    expect(await store.append(id, batch())).toBe('stored')
    expect(await store.info(id)).toMatchObject({ chunks: 1, bytes: 1 })
  })

  promise('keeps each log apart from the others', async () => {
    await using world = await open()
    const { store } = world
    const ids = await Promise.all(Array.from({ length: 20 }, () => born(store)))
    for (let round = 0; round < 10; round++)
      await Promise.all(ids.map((id, i) => store.append(id, batch(`${i}/${round} `))))
    for (const [i, id] of ids.entries())
      expect(String(await readNow(store, id))).toBe(
        Array.from({ length: 10 }, (_, round) => `${i}/${round} `).join(''),
      )
  })

  promise('keeps appends in the order in which they were asked for', async () => {
    await using world = await open()
    const { store } = world
    const id = await born(store)
    const said = Array.from({ length: 100 }, (_, i) => `${i} `)
    await Promise.all(said.map((text) => store.append(id, batch(text))))
    expect(String(await readNow(store, id))).toBe(said.join(''))
  })
}
