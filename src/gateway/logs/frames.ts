import type { LogBatch, LogLine, LogMessage } from '../../protocol.ts'

/** What a batch message grows to before the next one begins. Only a single longer line makes a longer message. */
export const MESSAGE_BYTES = 64 * 1024

const FINAL_TEXT = 0x81

export function logLine(content: string): LogLine {
  return { content, is_error: /ERROR|Exception/.test(content) }
}

/** Each line as a message of its own, all in one piece for one write. */
export function lineFrames(lines: readonly LogLine[]): Buffer {
  return textFrames(lines.map((line) => JSON.stringify({ type: 'log', ...line } satisfies LogMessage)))
}

/** Many lines a message, all messages in one piece for one write. */
export function batchFrames(lines: readonly LogLine[]): Buffer {
  const messages: string[] = []
  let entries: string[] = []
  let bytes = 0
  const close = () => {
    if (entries.length > 0) messages.push(batchOf(entries))
    entries = []
    bytes = 0
  }
  for (const line of lines) {
    const entry = JSON.stringify(line)
    const size = Buffer.byteLength(entry) + 1
    if (bytes + size > MESSAGE_BYTES - EMPTY_BATCH_BYTES) close()
    entries.push(entry)
    bytes += size
  }
  close()
  return textFrames(messages)
}

const EMPTY_BATCH = JSON.stringify({ type: 'logs', lines: [] } satisfies LogBatch)
const EMPTY_BATCH_BYTES = EMPTY_BATCH.length

function batchOf(entries: readonly string[]): string {
  return `${EMPTY_BATCH.slice(0, -2)}${entries.join(',')}]}`
}

/** Websocket text frames as a server sends them (RFC 6455, 5.2): whole, unmasked, laid end to end. */
export function textFrames(messages: readonly string[]): Buffer {
  const sizes = messages.map((message) => Buffer.byteLength(message))
  const frames = Buffer.allocUnsafe(sizes.reduce((sum, size) => sum + headBytes(size) + size, 0))
  let at = 0
  for (const [i, message] of messages.entries()) {
    at = writeHead(frames, at, sizes[i] ?? 0)
    at += frames.write(message, at)
  }
  return frames
}

function headBytes(payloadBytes: number): number {
  if (payloadBytes < 126) return 2
  return payloadBytes < 65_536 ? 4 : 10
}

function writeHead(frames: Buffer, at: number, payloadBytes: number): number {
  frames[at] = FINAL_TEXT
  if (payloadBytes < 126) return frames.writeUInt8(payloadBytes, at + 1)
  frames[at + 1] = payloadBytes < 65_536 ? 126 : 127
  if (payloadBytes < 65_536) return frames.writeUInt16BE(payloadBytes, at + 2)
  return frames.writeBigUInt64BE(BigInt(payloadBytes), at + 2)
}
