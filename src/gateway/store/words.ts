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
