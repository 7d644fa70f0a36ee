/** Bytes as words, for what is too short to be worth a call out of JavaScript. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
}

/** `Buffer.copy` makes an object for each call, which for a short chunk costs more than copying it. */
export function copyWords(from: DataView, start: number, end: number, to: DataView, at: number): void {
  const shift = at - start
  let next = start
  for (; next + 4 <= end; next += 4) to.setInt32(next + shift, from.getInt32(next, true), true)
  for (; next < end; next++) to.setUint8(next + shift, from.getUint8(next))
}

const POOL_BYTES = 16 << 10
let pool = new ArrayBuffer(POOL_BYTES)
let used = 0

/**
 * A table of so many zeros, 4096 at most. Tables share their memory as small buffers of Node do: what V8 does for an allocation of its own,
 * then and whenever it collects, is dearer than what is written in it. A table that stays keeps the 16 KiB that it is part of.
 */
export function takeWords(count: number): Uint32Array {
  const bytes = 4 * count
  if (used + bytes > POOL_BYTES) {
    pool = new ArrayBuffer(POOL_BYTES)
    used = 0
  }
  const words = new Uint32Array(pool, used, count)
  used += bytes
  return words
}
