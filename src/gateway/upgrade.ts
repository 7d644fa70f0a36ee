import { type IncomingMessage, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { Access } from './access.ts'
import type { Clients } from './clients.ts'
import { SAFE, sound } from './connection.ts'
import { Fault, stopping } from './fault.ts'
import type { Room } from './logs/room.ts'

/** The door to `/ws`: the same guard as for every request, then the room. */
export function upgrade(access: Access, clients: Clients, room: Room) {
  return (request: IncomingMessage, socket: Duplex, head: Buffer): void => {
    socket.on('error', () => socket.destroy())
    try {
      sound(request)
      if (!/^\/ws(\?|$)/.test(request.url ?? '')) throw new Fault('not_found', 'there is no websocket here')
      access.admit(request, 'socket')
      if (room.closed) throw stopping()
      clients.ask(request)
      socket.once('close', clients.take('sockets', request))
      room.accept(request, socket, head)
    } catch (error) {
      if (!(error instanceof Fault)) throw error
      refuse(socket, error)
    }
  }
}

/** Answers what was let in and is no handshake, or one of another version. */
export function refuseHandshake(socket: Duplex): void {
  const sentence = 'this is no handshake of a websocket, or one of another version than 13'
  refuse(socket, new Fault('bad_request', sentence), ['sec-websocket-version: 13'])
}

function refuse(
  socket: Duplex,
  { status, message, code, retryAfterS }: Fault,
  more: readonly string[] = [],
): void {
  const body = JSON.stringify({ error: message, code })
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: application/json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
    'cache-control: no-store',
    ...Object.entries(SAFE).map(([name, value]) => `${name}: ${value}`),
    ...(retryAfterS === undefined ? [] : [`retry-after: ${retryAfterS}`]),
    ...more,
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}
