import { crc32 } from 'node:zlib'

/** Up to here a loop is faster than a call out of JavaScript; most records are that short, and at a start all are checked. */
export const SHORT_BYTES = 400

/** Reading words through a view is three times as fast as through the buffer; of the one that is at hand it is kept. */
let viewed: Buffer = Buffer.alloc(0)
let view: DataView = new DataView(viewed.buffer, viewed.byteOffset, viewed.length)

/**
 * 32 bits that tell `bytes[from .. to)` from any other: CRC-32 for what is long, and for what is short a product of its words. Both
 * notice a damaged byte for certain, and greater damage but for once in four billions. Of the product there are two side by side, for
 * every other word each, since a step has to wait for the one before.
 */
export function checksum(bytes: Buffer, from: number, to: number, seed: number): number {
  if (to - from > SHORT_BYTES) return crc32(bytes.subarray(from, to), seed)
  if (bytes !== viewed) {
    viewed = bytes
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }
  const words = view
  // Half of all seeds are above what a signed word holds: begun as a number of that size the sum would be a fraction to V8, at thrice the time.
  let even = seed | 0
  let odd = ODD
  let at = from
  for (; at + 8 <= to; at += 8) {
    even = withWord(even, words.getInt32(at, true))
    odd = withWord(odd, words.getInt32(at + 4, true))
  }
  let sum = joined(even, odd)
  for (; at < to; at++) sum = withWord(sum, bytes[at] ?? 0)
  return sum >>> 0
}

/** Where the second product begins: not where the first does, so that words cannot change places. */
const ODD = 0x55555555

/** A step more for one of them: the same damage in both would else cancel, for certain where it is a word's highest bit. */
function joined(even: number, odd: number): number {
  return withWord(withWord(even, 0), odd)
}

/** Can be undone when the word is known, so two sums that differ once stay different. */
function withWord(sum: number, word: number): number {
  const product = Math.imul(sum ^ word, 0x9e3779b1)
  return product ^ (product >>> 15)
}

/** Copies `from[start .. end)`, which is short, to `to[at .. )`, and says in the same pass what `checksum` would. */
export function copySummed(
  from: DataView,
  start: number,
  end: number,
  to: DataView,
  at: number,
  seed: number,
): number {
  let even = seed | 0
  let odd = ODD
  const shift = at - start
  let next = start
  for (; next + 8 <= end; next += 8) {
    const one = from.getInt32(next, true)
    const two = from.getInt32(next + 4, true)
    to.setInt32(next + shift, one, true)
    to.setInt32(next + 4 + shift, two, true)
    even = withWord(even, one)
    odd = withWord(odd, two)
  }
  let sum = joined(even, odd)
  for (; next < end; next++) {
    const byte = from.getUint8(next)
    to.setUint8(next + shift, byte)
    sum = withWord(sum, byte)
  }
  return sum >>> 0
}

/** What `checksum` would say of parts that are long together. */
export function checksumOfLong(seed: number, ...parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => crc32(part, sum), seed)
}
