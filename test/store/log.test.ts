import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { Log } from '../../src/gateway/store/log.ts'
import { Parcel } from '../../src/gateway/store/redis/parcel.ts'
import { batch } from './tools.ts'

/** Small chunks are the rule, large ones happen, empty ones should not. */
const size = fc.oneof(
  { weight: 6, arbitrary: fc.nat(400) },
  { weight: 2, arbitrary: fc.nat(20_000) },
  { weight: 1, arbitrary: fc.nat(300 << 10) },
  { weight: 1, arbitrary: fc.constantFrom(0, 1, 4 << 10, 16 << 10, 64 << 10, 256 << 10) },
)
const sizes = fc.array(fc.array(size, { maxLength: 60 }), { maxLength: 10 })
const NOISE = randomBytes(1 << 20)

/** Chunks of these sizes, no two alike. */
function chunksOf(given: readonly number[]): Buffer[] {
  let at = 0
  return given.map((length) => {
    at = (at + 4099) % (NOISE.length - (300 << 10))
    return NOISE.subarray(at, at + length)
  })
}

function logOf(batches: readonly (readonly Buffer[])[]): Log {
  const log = new Log()
  for (const one of batches) log.append(batch(...one), one.length)
  return log
}

/** The batches with one array of all their chunks. */
function laid(given: readonly (readonly number[])[]): { log: Log; chunks: Buffer[] } {
  const chunks = chunksOf(given.flat())
  const rest = [...chunks]
  return { log: logOf(given.map(({ length }) => rest.splice(0, length))), chunks }
}

const joined = (page: { readonly bytes: readonly Uint8Array[] }) => Buffer.concat(page.bytes)
const total = (chunks: readonly Uint8Array[]) => chunks.reduce((sum, { length }) => sum + length, 0)

test('gives pages that, laid end to end, are the chunks from any number on', () => {
  fc.assert(
    fc.property(sizes, fc.nat(), fc.integer({ min: 1, max: 1 << 20 }), (given, start, maxBytes) => {
      const { log, chunks } = laid(given)
      expect(log.chunks).toBe(chunks.length)
      expect(log.bytes).toBe(total(chunks))
      let at = start % (chunks.length + 1)
      while (at < chunks.length) {
        const page = log.page(at, maxBytes)
        const expected = chunks.slice(at, page.next)
        expect(page.next).toBeGreaterThan(at)
        expect(joined(page).equals(Buffer.concat(expected))).toBe(true)
        if (total(expected) > maxBytes) expect(expected.filter(({ length }) => length > 0)).toHaveLength(1)
        at = page.next
      }
      expect(log.page(at, maxBytes)).toEqual({ bytes: [], next: at })
    }),
    { numRuns: 150 },
  )
})

test('fills a page as far as whole chunks go', () => {
  const log = logOf([chunksOf(Array(1000).fill(100))])
  for (const [maxBytes, count] of [
    [99, 1],
    [100, 1],
    [199, 1],
    [200, 2],
    [50_000, 500],
    [1 << 20, 1000],
  ] as const)
    expect(log.page(0, maxBytes).next).toBe(count)
})

test('gives nothing of what comes at or behind a bound', () => {
  fc.assert(
    fc.property(
      sizes,
      fc.nat(),
      fc.nat(),
      fc.integer({ min: 1, max: 1 << 20 }),
      (given, start, bound, maxBytes) => {
        const { log, chunks } = laid(given)
        const from = start % (chunks.length + 1)
        const until = bound % (chunks.length + 1)
        const page = log.page(from, maxBytes, until)
        expect(page.next).toBe(Math.max(from, Math.min(until, log.page(from, maxBytes).next)))
        expect(joined(page).equals(Buffer.concat(chunks.slice(from, page.next)))).toBe(true)
      },
    ),
    { numRuns: 60 },
  )
})

test('goes to Redis in entries that, one after the other, are the chunks', () => {
  const parcel = new Parcel()
  fc.assert(
    fc.property(sizes, fc.nat(), (given, start) => {
      const { log, chunks } = laid(given)
      const first = start % (chunks.length + 1)
      const before = total(chunks.slice(0, first))
      const found: number[] = []
      for (let [at, bytes] = [first, before]; parcel.add('the-id', log, at, bytes); at = parcel.chunks) {
        bytes = parcel.bytes
        found.push(parcel.chunks)
      }
      const { table, body } = parcel.take()
      const rows = String(table).split('\n').slice(0, -1)
      let [at, from] = [0, first]
      for (const [i, row] of rows.entries()) {
        const next = found[i] ?? Number.NaN
        const expected = chunks.slice(from, next)
        const [id, entry, size, endsSize] = row.split(' ')
        expect([id, entry]).toEqual(['the-id', `${next}-${total(chunks.slice(0, next))}`])
        expect(Buffer.concat(expected).equals(body.subarray(at, at + Number(size)))).toBe(true)
        at += Number(size)
        const ends = Array.from({ length: Number(endsSize) / 4 }, (_, n) => body.readUInt32LE(at + 4 * n))
        expect(ends).toEqual(expected.length === 1 ? [] : batch(...expected).ends.slice(0, expected.length))
        at += Number(endsSize)
        if (expected.length > 1) expect(Number(size)).toBeLessThanOrEqual(64 << 10)
        expect(expected.length).toBeLessThanOrEqual(512)
        from = next
      }
      expect([at, from]).toEqual([body.length, chunks.length])
    }),
    { numRuns: 60 },
  )
})

test('goes to Redis without what was packed before and not taken', () => {
  const parcel = new Parcel()
  const log = logOf([chunksOf([100, 5_000])])
  parcel.add('left', log, 0, 0)
  parcel.begin()
  expect(parcel.size).toBe(0)
  parcel.add('the-id', log, 1, 100)
  const { table, body } = parcel.take()
  expect(String(table)).toBe('the-id 2-5100 5000 0\n')
  expect(body.equals(joined(log.page(1, 1 << 20)))).toBe(true)
})

test('gives nothing, and the same number, to a reader from beyond the last chunk', () => {
  for (const count of [0, 1, 100]) {
    const log = logOf([chunksOf(Array(count).fill(1000))])
    for (const from of [count, count + 1, 1e9])
      expect(log.page(from, 1000)).toEqual({ bytes: [], next: from })
  }
})

test('stores as many chunks of a batch as it is told to', () => {
  const chunks = chunksOf([5000, 0, 70_000, 1, 300_000])
  for (let count = 0; count <= chunks.length; count++) {
    const log = new Log()
    log.append(batch(...chunks), count)
    expect(log.chunks).toBe(count)
    expect(joined(log.page(0, 1 << 30)).equals(Buffer.concat(chunks.slice(0, count)))).toBe(true)
  }
})

test('reads the same after it was sealed, and leaves pages that were read before', () => {
  fc.assert(
    fc.property(sizes, fc.integer({ min: 1, max: 300_000 }), (given, maxBytes) => {
      const { log, chunks } = laid(given)
      const before = chunks.map((_, from) => log.page(from, maxBytes))
      const copies = before.map(joined)
      log.seal()
      log.seal()
      expect([log.chunks, log.bytes]).toEqual([chunks.length, total(chunks)])
      for (const [from, copy] of copies.entries()) {
        const again = log.page(from, maxBytes)
        expect(again.next).toBe(before[from]?.next)
        expect(joined(again).equals(copy)).toBe(true)
        expect(joined(before[from] ?? again).equals(copy)).toBe(true)
      }
    }),
    { numRuns: 60 },
  )
})

/** The slabs that a log holds, as far as a reader can see them. */
function held(log: Log): number {
  const views = Array.from({ length: log.chunks }, (_, number) => log.page(number, 1).bytes).flat()
  return total([...new Set(views.map(({ buffer }) => buffer))].map((buffer) => new Uint8Array(buffer)))
}

test('holds a sealed log of a megabyte in at most 1.35 times its bytes, its table of ends included', () => {
  fc.assert(
    fc.property(fc.integer({ min: 40, max: 8000 }), fc.integer({ min: 1, max: 40 }), (most, together) => {
      const log = new Log()
      for (let i = 1; log.bytes < 1 << 20; i++) {
        const one = chunksOf(Array.from({ length: together }, (_, n) => 40 + ((i * 31 + n * 7) % most)))
        log.append(batch(...one), one.length)
      }
      log.seal()
      expect(held(log) / log.bytes).toBeLessThanOrEqual(1.35)
    }),
    { numRuns: 30 },
  )
})

test('is as it was when there was no memory for another slab, and goes on when there is', () => {
  const { log, chunks } = laid([[3_000], [900]])
  const out = vi.spyOn(Buffer, 'allocUnsafeSlow').mockImplementation(() => {
    throw new RangeError('Array buffer allocation failed')
  })
  const late = Buffer.alloc(200, 'x')
  try {
    expect(() => log.append(batch(late), 1)).toThrow('allocation failed')
  } finally {
    out.mockRestore()
  }
  expect([log.chunks, log.bytes]).toEqual([2, 3_900])
  log.append(batch(late), 1)
  expect(joined(log.page(0, 1 << 20)).equals(Buffer.concat([...chunks, late]))).toBe(true)
})

test('gives what there is, however far it is asked for', () => {
  const { log, chunks } = laid([[10, 20]])
  expect(joined(log.page(1, 1 << 20, 9)).equals(chunks[1] as Buffer)).toBe(true)
  expect(log.page(2, 1 << 20, 9)).toEqual({ bytes: [], next: 2 })
})

test('holds a short answer in little', () => {
  const log = logOf([chunksOf([100])])
  const view = log.page(0, 1000).bytes[0]
  expect(view?.buffer.byteLength).toBeLessThanOrEqual(4 << 10)
  log.seal()
  expect(log.page(0, 1000).bytes[0]?.buffer.byteLength).toBe(100 + 4)
})
