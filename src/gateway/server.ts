import { type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import cors from '@fastify/cors'
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify'
import type { Logger } from 'pino'
import { IDEMPOTENCY_HEADER, KEY_HEADER, LAST_EVENT_HEADER, TASK_HEADER } from '../protocol.ts'
import type { Access } from './access.ts'
import { CODES, type Code, Fault } from './fault.ts'

/** How long a request's head may take, and how long its body may stand still. */
const HEAD_MS = 20_000
const BODY_SILENCE_MS = 30_000
/** What is still read of a body that was refused, so that the sender lives to see why. */
const LINGER_BYTES = 64 << 20
const LINGER_MS = 5_000

/** Any page may ask with the key; none gets anything for being a page, so there are no credentials. */
const CORS = {
  origin: '*',
  methods: ['GET', 'HEAD', 'POST'],
  allowedHeaders: [
    KEY_HEADER,
    'content-type',
    IDEMPOTENCY_HEADER,
    LAST_EVENT_HEADER,
    'range',
    'if-none-match',
  ],
  exposedHeaders: [TASK_HEADER, 'content-disposition', 'content-range', 'etag', 'retry-after'],
  maxAge: 86_400,
}

/** Only a real preflight is answered for everyone; any other OPTIONS is a request like all others. */
const corsOf = ({ method, headers }: IncomingMessage) =>
  method === 'OPTIONS' && headers['access-control-request-method'] === undefined
    ? { ...CORS, preflight: false }
    : CORS

export interface ServerOptions {
  readonly access: Access
  readonly log: Logger
  readonly jsonBytes: number
}

/** Fastify with one guard, one way of saying what is wrong, and sockets that are patient with the slow and short with the silent. */
export async function newServer({ access, log, jsonBytes }: ServerOptions): Promise<FastifyInstance> {
  // Fastify's own log would have whole URLs in it, and with them keys.
  const app = fastify({
    logger: false,
    bodyLimit: jsonBytes,
    // An upload may be slow for hours as long as it moves; silence is what ends it.
    requestTimeout: 0,
    http: { headersTimeout: HEAD_MS, keepAliveTimeout: 72_000 },
    routerOptions: { maxParamLength: 4096, ignoreDuplicateSlashes: false },
    clientErrorHandler: malformed,
    frameworkErrors: (error, request, reply) =>
      refuse(unreadable(error, request.raw, access), reply as FastifyReply),
  })
  // Who half-closes after the request still gets the answer. That a reader is gone shows at the next failed write.
  const server = app.server as Server & { httpAllowHalfOpen: boolean }
  server.httpAllowHalfOpen = true

  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body))

  await app.register(cors, {
    delegator: (request, done) =>
      done(null, request.url.startsWith('/api/') ? corsOf(request.raw) : { origin: false }),
  })

  app.addHook('onRequest', async (request, reply) => {
    reply.headers({ 'x-content-type-options': 'nosniff', 'referrer-policy': 'no-referrer' })
    watchBody(request.raw, reply.raw)
    const { door = 'open' } = request.routeOptions.config
    if (request.url.startsWith('/api/')) access.admit(request.raw, 'key')
    else if (door !== 'open') access.admit(request.raw, door)
  })
  app.addHook('onResponse', async (request, reply) => {
    const path = request.url.replace(/\?.*/s, '')
    log.debug(
      { method: request.method, path, status: reply.raw.statusCode, ms: Math.round(reply.elapsedTime) },
      'answered',
    )
  })
  app.setNotFoundHandler(() => {
    throw new Fault('not_found', 'there is nothing here')
  })
  app.setErrorHandler<Error>((error, request, reply) => {
    const fault = faultOf(error)
    if (fault.code === 'internal_error')
      log.error({ err: error, path: request.url.replace(/\?.*/s, '') }, 'failed')
    return refuse(fault, reply)
  })
  return app
}

function refuse(fault: Fault, reply: FastifyReply): FastifyReply {
  if (fault.retryAfterS !== undefined) reply.header('retry-after', fault.retryAfterS)
  return reply
    .code(fault.status)
    .headers({ 'cache-control': 'no-store' })
    .send({ error: fault.message, code: fault.code })
}

/** A target that cannot be decoded never reaches a route; the guard comes first all the same. */
function unreadable(error: FastifyError, request: IncomingMessage, access: Access): Fault {
  const target = request.url ?? ''
  try {
    if (target.startsWith('/api/')) access.admit(request, 'key')
  } catch (refused) {
    if (refused instanceof Fault) return refused
    throw refused
  }
  return target.startsWith('/api/download/')
    ? new Fault('invalid_path', 'this is not the path of a file in the workspace', { cause: error })
    : faultOf(error)
}

/** What Fastify itself refuses, in our codes. */
const NAMED: Readonly<Record<string, readonly [Code, string]>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: ['body_too_large', 'the body is larger than is allowed here'],
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: ['bad_request', 'the body is not as long as Content-Length says'],
}

function faultOf(error: Error | FastifyError): Fault {
  if (error instanceof Fault) return error
  const named = 'code' in error ? NAMED[error.code] : undefined
  if (named) return new Fault(named[0], named[1], { cause: error })
  const status = 'statusCode' in error ? (error.statusCode ?? 500) : 500
  return status < 500
    ? new Fault('bad_request', 'this request is malformed', { cause: error })
    : new Fault('internal_error', 'something went wrong in the gateway; its log says what', { cause: error })
}

/** A body may take its time, but not stand still; and one that was refused half-way is read on for a while. */
function watchBody(request: IncomingMessage, response: ServerResponse): void {
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
  request.once('end', () => {
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
  request.once('end', () => clearTimeout(timer))
  // Whoever read it and gave up may still be listening, and a stream that is listened to so does not flow.
  request.removeAllListeners('readable')
  request.resume()
}

const MALFORMED: Readonly<Record<string, readonly [Code, string]>> = {
  HPE_HEADER_OVERFLOW: ['headers_too_large', 'the headers are too long'],
  ERR_HTTP_REQUEST_TIMEOUT: ['request_timeout', 'the request stood still for too long'],
}

/** What was no HTTP gets an answer all the same, if anyone can still hear it. */
function malformed(error: { code?: string }, socket: Socket): void {
  if (!socket.writable || error.code === 'ECONNRESET') {
    socket.destroy()
    return
  }
  const [code, sentence] = MALFORMED[error.code ?? ''] ?? ['bad_request', 'this is not a valid request']
  const body = JSON.stringify({ error: sentence, code })
  const status = `${CODES[code]} ${STATUS_CODES[CODES[code]]}`
  socket.end(
    `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}
