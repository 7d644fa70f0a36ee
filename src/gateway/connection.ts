import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import { constants } from 'node:http2'
import type { Socket } from 'node:net'
import { TASK_HEADER } from '../protocol.ts'
import { CODES, type Code, Fault } from './fault.ts'
import { streamOf } from './http2.ts'

/** How long a body may stand still. */
const BODY_SILENCE_MS = 30_000
/** What is still read of a body that was refused, so that the sender lives to see why. */
const LINGER_BYTES = 64 << 20
const LINGER_MS = 5_000

/** What every answer has. */
export const SAFE = { 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' }
/** What every answer below `/api/` has but that to a preflight: a page of any origin may ask with the key, and read what it needs. */
export const FOR_ANYONE = {
  ...SAFE,
  'access-control-allow-origin': '*',
  'access-control-expose-headers': `${TASK_HEADER}, content-disposition, content-range, etag, retry-after`,
}

/** Whether the sender wants to hear first if its body is wanted. */
export const asksFirst = ({ headers }: IncomingMessage) => headers.expect?.toLowerCase() === '100-continue'

/** A target as everything here expects it: without the origin that a proxy's client puts before it, and `/api/` in plain letters. */
export function plainTarget(target: string): string {
  return target.replace(/^https?:\/\/[^/?]*\/?/i, '/').replace(/^\/(?:a|%61)(?:p|%70)(?:i|%69)\//, '/api/')
}

const isHost = (name: string) => name.length === 4 && name.toLowerCase() === 'host'

/**
 * What HTTP forbids and Node lets through: two hosts, of which a proxy may have looked at the other, and a target that is no path.
 * @throws Fault `bad_request`
 */
export function sound({ rawHeaders, url = '' }: IncomingMessage): void {
  let hosts = 0
  for (let at = 0; at < rawHeaders.length; at += 2) if (isHost(rawHeaders[at] ?? '')) hosts++
  if (hosts > 1 || !url.startsWith('/')) throw new Fault('bad_request', 'this request is malformed')
}

/**
 * A body may take its time, but not stand still, and `inAllMs` where there is such a limit; one that was refused half-way is read on for
 * a while.
 */
export function watchBody(request: IncomingMessage, response: ServerResponse, inAllMs?: number): void {
  const { 'content-length': length, 'transfer-encoding': coding } = request.headers
  if (coding === undefined && (length === undefined || length === '0')) return
  // Most bodies come with their head, and then there is nothing to watch. No answer is out before the next tick.
  process.nextTick(() => {
    if (!request.complete) watch(request, response, inAllMs)
  })
}

function watch(request: IncomingMessage, response: ServerResponse, inAllMs?: number): void {
  const stream = streamOf(response)
  const way = stream ?? request.socket
  const still = () => {
    // What has come is not taken yet: it is the receiver that is slow, not the sender.
    if (request.readableLength + (stream?.readableLength ?? 0) > 0)
      return void way.setTimeout(BODY_SILENCE_MS)
    giveUp()
  }
  const giveUp = () => {
    if (request.complete) return
    if (response.headersSent) response.destroy()
    else if (stream) late(response)
    else malformed({ code: STOOD_STILL }, request.socket)
  }
  way.setTimeout(BODY_SILENCE_MS, still)
  const inAll = inAllMs === undefined ? undefined : setTimeout(giveUp, inAllMs)
  if (inAll) request.once('close', () => clearTimeout(inAll))
  if (!stream) closeLate(request)
  const answered = () => {
    if (request.complete) return
    // Over HTTP/2 the sender can be told to stop, and the connection goes on.
    if (stream) stream.close(constants.NGHTTP2_NO_ERROR)
    else linger(request)
  }
  const answering = stream ?? response
  answering.on('finish', answered)
  // From here on nothing of this is needed, and an answer may be long.
  request.once('end', () => {
    clearTimeout(inAll)
    way.setTimeout(0)
    way.off('timeout', still)
    answering.off('finish', answered)
  })
}

/** Whose body came last on a connection. */
const newest = new WeakMap<Socket, IncomingMessage>()

/**
 * An answer that says `Connection: close` would close the connection right behind itself, before the sender of a body has looked. Once for
 * each connection: requests may overlap on it, and one that put back what it found would put back the other's.
 */
function closeLate(request: IncomingMessage): void {
  const { socket } = request
  const isKnown = newest.has(socket)
  newest.set(socket, request)
  if (isKnown) return
  const { destroySoon } = socket
  socket.destroySoon = () =>
    newest.get(socket)?.complete === false ? void socket.end() : destroySoon.call(socket)
}

/** Answers that wait behind another one on their connection. */
const waiting = new WeakMap<Socket, Set<ServerResponse>>()

/** Lets an answer that waits behind another one hear that their connection is gone, which Node tells the first one alone. */
export function closeWithConnection({ socket }: IncomingMessage, response: ServerResponse): void {
  if (response.socket || streamOf(response)) return
  const behind = waiting.get(socket) ?? waitingOn(socket)
  behind.add(response)
  response.once('socket', () => behind.delete(response))
}

function waitingOn(socket: Socket): Set<ServerResponse> {
  const behind = new Set<ServerResponse>()
  waiting.set(socket, behind)
  socket.once('close', () => {
    for (const response of behind) {
      response.destroy()
      response.emit('close')
    }
  })
  return behind
}

function late(response: ServerResponse): void {
  const { status, headers, body } = refusalOf(STOOD_STILL)
  response.writeHead(status, headers)
  response.end(body)
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

const STOOD_STILL = 'ERR_HTTP_REQUEST_TIMEOUT'
const MALFORMED: Readonly<Record<string, readonly [Code, string]>> = {
  HPE_HEADER_OVERFLOW: ['headers_too_large', 'the headers are too long'],
  [STOOD_STILL]: ['request_timeout', 'the request stood still for too long'],
}

/** What was no HTTP gets an answer all the same, if anyone can still hear it. */
export function malformed(error: { code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const { status, headers, body } = refusalOf(error.code)
  const lines = Object.entries({ ...headers, connection: 'close' }).map(
    ([name, value]) => `${name}: ${value}\r\n`,
  )
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`)
}

function refusalOf(error: string | undefined) {
  const [code, sentence] = MALFORMED[error ?? ''] ?? ['bad_request', 'this is not a valid request']
  const body = JSON.stringify({ error: sentence, code })
  const headers = {
    ...FOR_ANYONE,
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  }
  return { status: CODES[code], headers, body }
}
