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

test('of a record that is copied it is that of the copy, whatever lies before and behind it', () => {
  const words = fc.uint8Array({ maxLength: 80 }).map((it) => it.subarray(0, it.length - (it.length % 4)))
  fc.assert(
    fc.property(
      words,
      fc.uint8Array({ maxLength: SHORT_BYTES - 80 }),
      fc.nat(40),
      seed,
      (head, given, shift, begun) => {
        const from = Buffer.concat([Buffer.alloc(shift, 1), given, Buffer.alloc(3, 2)])
        const to = Buffer.concat([Buffer.alloc(shift, 3), head, Buffer.alloc(given.length + 3, 4)])
        const at = shift + head.length
        const sum = copySummed(
          viewOf(from),
          shift,
          shift + given.length,
          viewOf(to),
          at,
          checksum(to, shift, at, begun),
        )
        expect(to.subarray(at, at + given.length).equals(given)).toBe(true)
        expect(to.subarray(at + given.length).equals(Buffer.alloc(3, 4))).toBe(true)
        expect(sum).toBe(checksum(to, shift, at + given.length, begun))
      },
    ),
  )
})
