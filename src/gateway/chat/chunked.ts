/** Up to here a copy is cheaper than the three more buffers of a write. */
const SMALL_BYTES = 8 << 10
const CR = 13
const LF = 10
const DIGITS = Buffer.from('0123456789abcdef')

/**
 * A small piece of an HTTP/1.1 body in chunks, with its frame around it in one buffer: `response.write` would make four of it, and a
 * stream of words is nothing but small writes. Undefined: it is large, or nothing.
 */
export function framed(bytes: Uint8Array): Buffer | undefined {
  const { length } = bytes
  if (length > SMALL_BYTES || length === 0) return undefined
  let digits = 1
  for (let rest = length; rest > 15; rest >>= 4) digits++
  const frame = Buffer.allocUnsafe(digits + length + 4)
  for (let at = digits - 1, rest = length; at >= 0; at--, rest >>= 4) frame[at] = DIGITS[rest & 15] as number
  lineEnd(frame, digits)
  frame.set(bytes, digits + 2)
  lineEnd(frame, digits + 2 + length)
  return frame
}

function lineEnd(frame: Buffer, at: number): void {
  frame[at] = CR
  frame[at + 1] = LF
}
