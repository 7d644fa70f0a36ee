import fc from 'fast-check'
import { expect, test } from 'vitest'
import { checksum, checksumOfLong, copySummed, SHORT_BYTES } from '../../src/gateway/store/checksum.ts'
import { viewOf } from '../../src/gateway/store/words.ts'

const seed = fc.nat(0xffffffff)

test('a checksum notices any one byte that is not what it was', () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 1500 })
  fc.assert(
    fc.property(bytes, fc.nat(), fc.integer({ min: 1, max: 255 }), seed, (given, where, flip, begun) => {
      const was = checksum(Buffer.from(given), 0, given.length, begun)
      const damaged = Buffer.from(given)
      const at = where % given.length
      damaged[at] = (damaged[at] ?? 0) ^ flip
      expect(checksum(damaged, 0, given.length, begun)).not.toBe(was)
    }),
    { numRuns: 2000 },
  )
})

test('a checksum notices any two bits that are not what they were', () => {
  for (const [length, begun] of [
    [8, 0],
    [19, 0x80000001],
    [40, 0x7fffffff],
  ] as const) {
    const bytes = Buffer.from(Array.from({ length }, (_, i) => (37 * i) & 255))
    const was = checksum(bytes, 0, length, begun)
    const flip = (bit: number) => {
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    }
    let missed = 0
    for (let one = 0; one < 8 * length; one++)
      for (let other = 0; other < one; other++) {
        flip(one)
        flip(other)
        if (checksum(bytes, 0, length, begun) === was) missed++
        flip(other)
        flip(one)
      }
    expect(missed).toBe(0)
  }
})

test('a checksum is of that part alone, wherever it lies, and of no other beginning', () => {
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 1500 })
  fc.assert(
    fc.property(bytes, bytes, bytes, seed, (before, given, after, begun) => {
      const among = Buffer.concat([before, given, after])
      const sum = checksum(Buffer.from(given), 0, given.length, begun)
      expect(checksum(among, before.length, before.length + given.length, begun)).toBe(sum)
      expect(checksum(Buffer.from(given), 0, given.length, begun ^ 1)).not.toBe(sum)
    }),
  )
})

test('the checksum of parts is that of the whole', () => {
  const bytes = fc.uint8Array({ minLength: 600, maxLength: 1500 })
  fc.assert(
    fc.property(bytes, fc.nat(), seed, (given, where, begun) => {
      const at = 1 + (where % (given.length - 1))
      const parts = [given.subarray(0, at), given.subarray(at)]
      expect(checksumOfLong(begun, ...parts)).toBe(checksum(Buffer.from(given), 0, given.length, begun))
    }),
  )
})

test('copying says the checksum of what was copied, and copies nothing else', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: SHORT_BYTES }),
      fc.nat(40),
      fc.nat(40),
      seed,
      (given, before, shift, begun) => {
        const from = Buffer.concat([Buffer.alloc(before, 1), given, Buffer.alloc(9, 2)])
        const to = Buffer.alloc(shift + given.length + 9, 3)
        const sum = copySummed(viewOf(from), before, before + given.length, viewOf(to), shift, begun)
        expect(sum).toBe(checksum(Buffer.from(given), 0, given.length, begun))
        expect(to.equals(Buffer.concat([Buffer.alloc(shift, 3), given, Buffer.alloc(9, 3)]))).toBe(true)
      },
    ),
  )
})

test('words that changed places are noticed', () => {
  const words = fc.uniqueArray(fc.integer(), { minLength: 2, maxLength: 90 })
  fc.assert(
    fc.property(words, fc.nat(), fc.nat(), seed, (given, one, other, begun) => {
      const a = one % given.length
      const b = other % given.length
      fc.pre(a !== b)
      const swapped = given.with(a, given[b] ?? 0).with(b, given[a] ?? 0)
      const sumOf = (row: readonly number[]) =>
        checksum(Buffer.from(Int32Array.from(row).buffer), 0, 4 * row.length, begun)
      expect(sumOf(swapped)).not.toBe(sumOf(given))
    }),
    { numRuns: 2000, examples: [[[0, -2147483648], 0, 1, 0]] },
  )
})
