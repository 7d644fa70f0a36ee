import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Extent, Extents } from '../../src/gateway/store/extents.ts'
import { payloadBytes, RECORD_HEAD_BYTES } from '../../src/gateway/store/record.ts'

const CHUNK_BYTES = 10
const groups = fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 30 })

/** Chunks 0 .. `until` in records of so many each, again and again. */
function records(segment: number, sizes: readonly number[], until: number): Extent[] {
  const row: Extent[] = []
  for (let first = 0, i = 0; first < until; i++) {
    const chunks = Math.min(sizes[i % sizes.length] ?? 1, until - first)
    const length = RECORD_HEAD_BYTES + 4 * (chunks - 1) + CHUNK_BYTES * chunks
    row.push({ segment, offset: 1000 * i, length, first, chunks })
    first += chunks
  }
  return row
}

function tableOf(row: readonly Extent[]): Extents {
  const table = new Extents()
  for (const one of row) table.add(one)
  return table
}

test('a whole copy is a whole row, whatever is there of other copies in other pieces, in any order', () => {
  const until = fc.integer({ min: 1, max: 100 })
  fc.assert(
    fc.property(
      groups,
      groups,
      until,
      fc.array(fc.boolean(), { minLength: 100 }),
      fc.boolean(),
      (a, b, n, there, late) => {
        const old = records(1, a, n).filter((_, i) => there[i])
        const copy = records(2, b, n)
        const { extents, chunks, bytes, hole } = tableOf(late ? [...old, ...copy] : [...copy, ...old]).row()
        expect({ chunks, bytes, hole }).toEqual({ chunks: n, bytes: n * CHUNK_BYTES, hole: false })
        let next = 0
        for (const { first, chunks } of extents) {
          expect(first).toBe(next)
          next += chunks
        }
        for (let chunk = 0; chunk < n; chunk++) {
          const at = extents.at(extents.indexOf(chunk))
          expect(at && at.first <= chunk && chunk < at.first + at.chunks).toBe(true)
        }
      },
    ),
  )
})

test('a row ends at the first gap, and says that there is more behind it', () => {
  fc.assert(
    fc.property(groups, fc.nat(), (sizes, where) => {
      const all = records(1, sizes, 100)
      const gap = where % all.length
      const row = tableOf(all.filter((_, i) => i !== gap)).row()
      const before = all.slice(0, gap)
      expect([...row.extents]).toEqual(before)
      expect(row.hole).toBe(gap < all.length - 1)
      expect(row.chunks).toBe(all[gap]?.first)
      expect(row.bytes).toBe(
        before.reduce((sum, { length, chunks }) => sum + payloadBytes(length, chunks), 0),
      )
    }),
  )
})

test('the bytes of each segment are those of its records, also of records that were moved', () => {
  fc.assert(
    fc.property(groups, fc.array(fc.tuple(fc.nat(), fc.integer({ min: 1, max: 4 }))), (sizes, moves) => {
      const all = records(1, sizes, 100)
      const table = tableOf(all)
      for (const [index, segment] of moves) table.move(index % all.length, segment, 0)
      const expected = new Map<number, number>()
      for (const { segment, length } of table) expected.set(segment, (expected.get(segment) ?? 0) + length)
      expect(new Map([...table.sizes()].toSorted())).toEqual(new Map([...expected].toSorted()))
    }),
  )
})

test('what was taken back is as if it had never been put, however many pages it had', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 300 }), fc.nat()), { maxLength: 12 }),
      (steps) => {
        const table = new Extents()
        const expected: Extent[] = []
        for (const [put, back] of steps) {
          for (let i = 0; i < put; i++) {
            const extent = {
              segment: 1,
              offset: expected.length,
              length: put,
              first: expected.length,
              chunks: 1,
            }
            table.add(extent)
            expected.push(extent)
          }
          for (let i = back % (expected.length + 1); i > 0; i--) {
            table.drop()
            expected.pop()
          }
          expect([...table]).toEqual(expected)
          const last = expected.length - 1
          expect(table.indexOf(Number.MAX_SAFE_INTEGER)).toBe(last)
          expect(table.at(last)).toEqual(expected[last])
        }
      },
    ),
  )
})
