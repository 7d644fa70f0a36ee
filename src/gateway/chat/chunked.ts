import type { ServerResponse } from 'node:http'

/** Up to here a copy is cheaper than the three more buffers of a write. */
const SMALL_BYTES = 8 << 10
const CR = 13
const LF = 10

/**
 * Writes a piece of a body. A small one of an HTTP/1.1 answer in chunks goes to the socket as one buffer with its frame around it:
 * `response.write` would make four of it, and a stream of words is nothing but small writes. Head and end stay with the response.
 */
export function send(response: ServerResponse, bytes: Uint8Array): void {
  const { socket } = response
  // Behind another answer on the same connection there is no socket yet; in HTTP/2 and HTTP/1.0 there are no such chunks.
  if (!socket || !response.chunkedEncoding || bytes.length > SMALL_BYTES || bytes.length === 0)
    return void response.write(bytes)
  const size = bytes.length.toString(16)
  const frame = Buffer.allocUnsafe(size.length + bytes.length + 4)
  let at = frame.write(size, 'latin1')
  at = lineEnd(frame, at)
  frame.set(bytes, at)
  lineEnd(frame, at + bytes.length)
  socket.write(frame)
}

function lineEnd(frame: Buffer, at: number): number {
  frame[at] = CR
  frame[at + 1] = LF
  return at + 2
}

/** Whether the other side is to take what was written before more is. In HTTP/2 the socket is that of all streams and says nothing of this one. */
export function isFull(response: ServerResponse): boolean {
  return (
    response.writableNeedDrain || (response.chunkedEncoding && response.socket?.writableNeedDrain === true)
  )
}
