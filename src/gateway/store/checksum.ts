import { crc32 } from 'node:zlib'

/** Up to here a loop is faster than a call out of JavaScript; most records are that short, and at a start all are checked. */
export const SHORT_BYTES = 400

/** Reading words through a view is three times as fast as through the buffer; of the one that is at hand it is kept. */
let viewed: Buffer = Buffer.alloc(0)
let view: DataView = new DataView(viewed.buffer, viewed.byteOffset, viewed.length)

/**
 * 32 bits that tell `bytes[from .. to)` from any other: CRC-32 for what is long, and for what is short a product of its words. Both
 * notice a damaged byte for certain, and greater damage but for once in four billions.
 */
export function checksum(bytes: Buffer, from: number, to: number, seed: number): number {
  if (to - from > SHORT_BYTES) return crc32(bytes.subarray(from, to), seed)
  if (bytes !== viewed) {
    viewed = bytes
    view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  }
  const words = view
  let sum = seed
  let at = from
  // Each step can be undone when the word is known, so two sums that differ once stay different.
  for (; at + 4 <= to; at += 4) {
    sum = Math.imul(sum ^ words.getInt32(at, true), 0x9e3779b1)
    sum ^= sum >>> 15
  }
  for (; at < to; at++) {
    sum = Math.imul(sum ^ (bytes[at] ?? 0), 0x9e3779b1)
    sum ^= sum >>> 15
  }
  return sum >>> 0
}

/**
 * Copies `from[start .. end)` to `to[at .. )`, and gives the checksum of what then lies in `to` from `first` to its end: what `checksum`
 * would say of it, in one pass. For no more than `SHORT_BYTES`, and `at` whole words behind `first`.
 */
export function copySummed(
  from: DataView,
  start: number,
  end: number,
  to: DataView,
  at: number,
  first: number,
  seed: number,
): number {
  let sum = seed
  for (let before = first; before < at; before += 4) {
    sum = Math.imul(sum ^ to.getInt32(before, true), 0x9e3779b1)
    sum ^= sum >>> 15
  }
  const shift = at - start
  let next = start
  for (; next + 4 <= end; next += 4) {
    const word = from.getInt32(next, true)
    to.setInt32(next + shift, word, true)
    sum = Math.imul(sum ^ word, 0x9e3779b1)
    sum ^= sum >>> 15
  }
  for (; next < end; next++) {
    const byte = from.getUint8(next)
    to.setUint8(next + shift, byte)
    sum = Math.imul(sum ^ byte, 0x9e3779b1)
    sum ^= sum >>> 15
  }
  return sum >>> 0
}

/** Likewise, of parts that are long together. */
export function checksumOfLong(seed: number, ...parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, part) => crc32(part, sum), seed)
}
