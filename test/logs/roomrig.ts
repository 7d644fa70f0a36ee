import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import { WebSocket } from 'ws'
import { Room, type RoomOptions } from '../../src/gateway/logs/room.ts'
import { until } from './rig.ts'

export interface Frame {
  readonly opcode: number
  readonly payload: Buffer
}

/** A client that speaks by hand: it answers nothing, and reads only while it is not paused. */
export interface RawClient {
  readonly socket: Socket
  readonly status: string
  frames(): readonly Frame[]
  readonly closed: Promise<unknown>
}

export interface Listening {
  readonly ws: WebSocket
  /** Parsed text messages so far. */
  readonly messages: readonly unknown[]
  readonly closed: Promise<number>
}

export interface RoomRig extends AsyncDisposable {
  readonly room: Room
  /** The server's ends of the connections, in order of arrival. */
  readonly sockets: readonly Duplex[]
  /** What was written to each of them, a piece a write. */
  readonly writes: ReadonlyMap<Duplex, readonly Buffer[]>
  listen(query?: string): Promise<Listening>
  raw(query?: string): Promise<RawClient>
}

/** A room behind a real server, with no guard before it. */
export async function startRoom(options: RoomOptions = {}): Promise<RoomRig> {
  const room = new Room(options)
  const server = createServer()
  const sockets: Duplex[] = []
  const writes = new Map<Duplex, Buffer[]>()
  const clients: Socket[] = []
  server.on('upgrade', (request, socket, head) => {
    sockets.push(socket)
    writes.set(socket, recordWrites(socket))
    room.accept(request, socket, head)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    room,
    sockets,
    writes,
    listen: async (query = '') => {
      const ws = new WebSocket(`ws://127.0.0.1:${port}/ws${query}`)
      const messages: unknown[] = []
      ws.on('message', (data) => messages.push(JSON.parse(String(data))))
      const closed = new Promise<number>((resolve) => ws.on('close', resolve))
      await once(ws, 'open')
      return { ws, messages, closed }
    },
    raw: async (query = '') => {
      const socket = connect(port, '127.0.0.1')
      clients.push(socket)
      let received = Buffer.alloc(0)
      socket.on('data', (bytes) => {
        received = Buffer.concat([received, bytes])
      })
      socket.on('error', () => {})
      const closed = new Promise((resolve) => socket.on('close', resolve))
      socket.write(
        `GET /ws${query} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n` +
          `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
      )
      await until(() => received.includes('\r\n\r\n'))
      const headEnd = received.indexOf('\r\n\r\n') + 4
      const status = received.subarray(0, received.indexOf('\r\n')).toString()
      return { socket, status, closed, frames: () => framesOf(received.subarray(headEnd)) }
    },
    [Symbol.asyncDispose]: async () => {
      room.close()
      for (const socket of [...sockets, ...clients]) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

function recordWrites(socket: Duplex): Buffer[] {
  const pieces: Buffer[] = []
  const write = socket.write.bind(socket) as (...args: unknown[]) => boolean
  socket.write = (...args: unknown[]) => {
    pieces.push(Buffer.from(args[0] as string))
    return write(...args)
  }
  return pieces
}

/** Whole frames as the standard has them, read without any of our own or ws's code. Unfinished ones are left out. */
export function framesOf(bytes: Buffer): Frame[] {
  const frames: Frame[] = []
  let at = 0
  while (at + 2 <= bytes.length) {
    const short = bytes.readUInt8(at + 1)
    const headEnd = at + (short === 127 ? 10 : short === 126 ? 4 : 2)
    if (headEnd > bytes.length) break
    const length =
      short === 127
        ? Number(bytes.readBigUInt64BE(at + 2))
        : short === 126
          ? bytes.readUInt16BE(at + 2)
          : short
    if (headEnd + length > bytes.length) break
    frames.push({ opcode: bytes.readUInt8(at) & 0x0f, payload: bytes.subarray(headEnd, headEnd + length) })
    at = headEnd + length
  }
  return frames
}

/** A frame as a client sends it: masked, here with zeros. */
export function clientFrame(opcode: number, payload = Buffer.alloc(0)): Buffer {
  return Buffer.concat([Buffer.from([0x80 | opcode, 0x80 | payload.length, 0, 0, 0, 0]), payload])
}
