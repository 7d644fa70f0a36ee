import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { CODES, type Code, Fault } from './fault.ts'

/** How long a body may stand still. */
const BODY_SILENCE_MS = 30_000
/** What is still read of a body that was refused, so that the sender lives to see why. */
const LINGER_BYTES = 64 << 20
const LINGER_MS = 5_000

/** What every answer has. */
export const SAFE = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' }
/** What every answer below `/api/` has. */
export const ANYONE = { 'access-control-allow-origin': '*' }

/** Whether the sender wants to hear first if its body is wanted. */
export const asksFirst = ({ headers }: IncomingMessage) => headers.expect?.toLowerCase() === '100-continue'

/** A target as everything here expects it: without the origin that a proxy's client puts before it, and `/api/` in plain letters. */
export function plainTarget(target: string): string {
  return target.replace(/^https?:\/\/[^/?]*\/?/i, '/').replace(/^\/(?:a|%61)(?:p|%70)(?:i|%69)\//, '/api/')
}

/**
 * What HTTP forbids and Node lets through: two hosts, of which a proxy may have looked at the other, and a target that is no path.
 * @throws Fault `bad_request`
 */
export function sound({ rawHeaders, url = '' }: IncomingMessage): void {
  const hosts = rawHeaders.filter((name, at) => at % 2 === 0 && /^host$/i.test(name)).length
  if (hosts > 1 || !url.startsWith('/')) throw new Fault('bad_request', 'this request is malformed')
}

/** A body may take its time, but not stand still; and one that was refused half-way is read on for a while. */
export function watchBody(request: IncomingMessage, response: ServerResponse): void {
  const { 'content-length': length, 'transfer-encoding': coding } = request.headers
  if (coding === undefined && (length === undefined || length === '0')) return
  const { socket } = request
  const still = () => {
    if (request.complete) return
    // What has come is not taken yet: it is the receiver that is slow, not the sender.
    if (request.readableLength > 0) return void socket.setTimeout(BODY_SILENCE_MS)
    if (!response.headersSent) malformed({ code: 'ERR_HTTP_REQUEST_TIMEOUT' }, socket)
    else socket.destroy()
  }
  socket.setTimeout(BODY_SILENCE_MS, still)
  const { destroySoon } = socket
  // An answer that says `Connection: close` would close it right behind itself, before the sender has looked.
  if (request.httpVersionMajor === 1)
    socket.destroySoon = () => (request.complete ? destroySoon.call(socket) : socket.end())
  request.once('end', () => {
    if (request.httpVersionMajor === 1) socket.destroySoon = destroySoon
    socket.setTimeout(0)
    socket.off('timeout', still)
  })
  response.once('finish', () => {
    if (!request.complete) linger(request)
  })
}

/** Closing at once would reset the connection, and the answer that was just written would be lost with it. */
function linger(request: IncomingMessage): void {
  let size = 0
  const timer = setTimeout(() => request.socket.destroy(), LINGER_MS)
  request.on('data', (chunk: Buffer) => {
    size += chunk.length
    if (size > LINGER_BYTES) request.socket.destroy()
  })
  request.once('close', () => clearTimeout(timer))
  request.once('end', () => {
    clearTimeout(timer)
    if (request.socket.writableEnded) request.socket.destroy()
  })
  // Whoever read it and gave up may still be listening, and a stream that is listened to so does not flow.
  request.removeAllListeners('readable')
  request.resume()
}

const MALFORMED: Readonly<Record<string, readonly [Code, string]>> = {
  HPE_HEADER_OVERFLOW: ['headers_too_large', 'the headers are too long'],
  ERR_HTTP_REQUEST_TIMEOUT: ['request_timeout', 'the request stood still for too long'],
}

/** What was no HTTP gets an answer all the same, if anyone can still hear it. */
export function malformed(error: { code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const [code, sentence] = MALFORMED[error.code ?? ''] ?? ['bad_request', 'this is not a valid request']
  const body = JSON.stringify({ error: sentence, code })
  const status = `${CODES[code]} ${STATUS_CODES[CODES[code]]}`
  const headers = {
    ...SAFE,
    ...ANYONE,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  }
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
  socket.end(`HTTP/1.1 ${status}\r\n${lines.join('')}\r\n${body}`)
}
