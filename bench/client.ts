import { connect, type Socket } from 'node:net'
import { MARK, type Play, STAMP_DIGITS } from './agent.ts'

export const KEY = 'bench-key-0123456789abcdef'

export interface Heard {
  /** Bytes of the body, without its framing. */
  readonly bytes: number
  /** Milliseconds to the first byte of the head, and to the end. */
  readonly firstMs: number
  readonly ms: number
  readonly task: string
}

export interface Asking {
  readonly port: number
  /** Called for every piece of the body as it comes; it is good until the call returns. */
  onData?(bytes: Buffer): void
  /** Called when the head is there. */
  onHead?(socket: Socket, task: string): void
}

export function chatRequest(play: Play, stream = true): string {
  const body = JSON.stringify({ messages: [], stream, play })
  return `POST /api/chat HTTP/1.1\r\nHost: a\r\nX-Ghost-Key: ${KEY}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
}

export const resumeRequest = (task: string) =>
  `GET /api/chat/resume/${task}?offset=0 HTTP/1.1\r\nHost: a\r\nX-Ghost-Key: ${KEY}\r\n\r\n`

const CR = 13

/** All connections read into it, one after the other: what a reader leaves to the collector would be measured as a delay of the gateway. */
const ROOM = Buffer.allocUnsafeSlow(64 << 10)

/** Asks on a connection of its own and hears the answer to its end, in HTTP chunks or counted. */
export function hear(request: string, { port, onData, onHead }: Asking): Promise<Heard> {
  return new Promise((resolve, reject) => {
    const began = performance.now()
    let firstMs = 0
    let head = ''
    let task = ''
    let bytes = 0
    let counted = Number.NaN
    let inHead = true
    /** Bytes of the chunk that are to come, its line end with it; 0: a size is to come. */
    let left = 0
    let size = ''
    const onread = {
      buffer: ROOM,
      callback(length: number) {
        take(ROOM.subarray(0, length))
        return true
      },
    }
    const socket = connect({ port, host: '127.0.0.1', onread }, () => socket.write(request))
    socket.setNoDelay(true)
    const over = () => {
      socket.removeAllListeners()
      socket.on('error', () => {})
      socket.destroy()
      resolve({ bytes, firstMs, ms: performance.now() - began, task })
    }
    const give = (part: Buffer) => {
      bytes += part.length
      onData?.(part)
    }
    const body = (data: Buffer) => {
      if (!Number.isNaN(counted)) {
        give(data)
        if (bytes >= counted) over()
        return
      }
      for (let at = 0; at < data.length; ) {
        if (left > 0) {
          const part = Math.min(left, data.length - at)
          const payload = Math.min(part, Math.max(0, left - 2))
          if (payload > 0) give(data.subarray(at, at + payload))
          left -= part
          at += part
          continue
        }
        const end = data.indexOf(CR, at)
        size += data.toString('latin1', at, end < 0 ? data.length : end)
        if (end < 0) return
        const length = Number.parseInt(size.trim(), 16)
        if (size.trim() !== '') {
          if (length === 0) return over()
          left = length + 2
        }
        at = end + (left > 0 ? 2 : 1)
        if (left > 0) size = ''
      }
    }
    const take = (data: Buffer) => {
      if (!inHead) return body(data)
      firstMs ||= performance.now() - began
      head += data.toString('latin1')
      const end = head.indexOf('\r\n\r\n')
      if (end < 0) return
      inHead = false
      if (!/^HTTP\/1.1 200/.test(head)) return reject(new Error(head.slice(0, 300)))
      task = /\r\nx-task-id: *(\S+)/i.exec(head)?.[1] ?? ''
      counted = Number(/\r\ncontent-length: *(\d+)/i.exec(head.slice(0, end))?.[1] ?? Number.NaN)
      onHead?.(socket, task)
      const rest = Buffer.from(head.slice(end + 4), 'latin1')
      if (rest.length > 0 || counted === 0) body(rest)
    }
    socket.on('error', reject)
    socket.on('close', () => reject(new Error(`the connection closed after ${bytes} bytes`)))
  })
}

/** Finds in a stream when each of its events was sent, and tells how long it took to come here. */
export function delays(tell: (ms: number) => void): (bytes: Buffer) => void {
  let carry: Buffer | undefined
  const whole = MARK.length + STAMP_DIGITS
  return (bytes) => {
    const data = carry ? Buffer.concat([carry, bytes]) : bytes
    carry = undefined
    const now = performance.now()
    let at = data.indexOf(MARK)
    while (at >= 0) {
      if (at + whole > data.length) {
        carry = Buffer.from(data.subarray(at))
        return
      }
      tell(now - Number(data.toString('latin1', at + MARK.length, at + whole)))
      at = data.indexOf(MARK, at + whole)
    }
    // A mark may be cut in two.
    const tail = data.subarray(Math.max(0, data.length - MARK.length + 1))
    const half = tail.lastIndexOf('d')
    if (half >= 0 && MARK.startsWith(tail.toString('latin1', half))) carry = Buffer.from(tail.subarray(half))
  }
}
