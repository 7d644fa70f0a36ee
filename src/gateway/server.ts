import type { IncomingMessage } from 'node:http'
import cors from '@fastify/cors'
import fastify, { type FastifyError, type FastifyInstance, type FastifyReply } from 'fastify'
import type { Logger } from 'pino'
import { IDEMPOTENCY_HEADER, KEY_HEADER, LAST_EVENT_HEADER } from '../protocol.ts'
import type { Access } from './access.ts'
import type { Certificate } from './certificate.ts'
import type { Clients } from './clients.ts'
import {
  asksFirst,
  closeWithConnection,
  FOR_ANYONE,
  malformed,
  plainTarget,
  SAFE,
  sound,
  watchBody,
} from './connection.ts'
import { type Code, Fault } from './fault.ts'
import { newListener } from './listener.ts'

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
  maxAge: 86_400,
}

/** Only a real preflight is answered for everyone; any other OPTIONS is a request like all others. */
const corsOf = ({ url = '', headers }: IncomingMessage) =>
  url.startsWith('/api/') && headers['access-control-request-method'] !== undefined ? CORS : { origin: false }

export interface ServerOptions {
  readonly access: Access
  readonly clients: Clients
  readonly log: Logger
  readonly jsonBytes: number
  /** What the body of somebody who has shown no key may take in all. */
  readonly strangerMs: number
  /** With one it speaks TLS. */
  readonly certificate: Certificate | undefined
}

/** Fastify with one guard, one way of saying what is wrong, and sockets that are patient with the slow and short with the silent. */
export async function newServer({
  access,
  clients,
  log,
  jsonBytes,
  strangerMs,
  certificate,
}: ServerOptions): Promise<FastifyInstance> {
  // Fastify's own log would have whole URLs in it, and with them keys.
  const app = fastify({
    logger: false,
    bodyLimit: jsonBytes,
    serverFactory: (handler) => newListener(handler, certificate),
    rewriteUrl: ({ url = '' }) => plainTarget(url),
    routerOptions: { maxParamLength: 4096, ignoreDuplicateSlashes: false },
    clientErrorHandler: malformed,
    // No hook has seen such a request: what every answer has is put on here.
    frameworkErrors: (error, request, reply) =>
      refuse(
        unreadable(error, request.raw, access),
        (reply as FastifyReply).headers(request.url.startsWith('/api/') ? FOR_ANYONE : SAFE),
      ),
  })
  const { server } = app
  // Who asks before sending a body is told to go on only when the body is wanted; any other expectation is ignored.
  server.on('checkContinue', (request, response) => server.emit('request', request, response))
  server.on('checkExpectation', (request, response) => server.emit('request', request, response))

  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_, body, done) => done(null, body))

  // Before the first route, which the next line has: a route keeps the way of saying what is wrong that it was made with.
  account(app, log)
  // A place of its own, with the one route of OPTIONS: no other request needs to be looked at. The guard stands there, too, behind this.
  await app.register(async (preflights) => {
    preflights.addHook('onRequest', (_, reply, done) => {
      reply.headers(SAFE)
      done()
    })
    await preflights.register(cors, { delegator: ({ raw }, done) => done(null, corsOf(raw)) })
  })
  guard(app, access, clients, strangerMs)
  return app
}

/** What every request passes before its body is read. */
function guard(app: FastifyInstance, access: Access, clients: Clients, strangerMs: number): void {
  app.addHook('onRequest', (request, reply, done) => {
    const { door = 'open', place } = request.routeOptions.config
    const isApi = request.url.startsWith('/api/')
    const asked = isApi ? 'key' : door
    reply.headers(isApi ? FOR_ANYONE : SAFE)
    watchBody(request.raw, reply.raw, asked === 'open' ? strangerMs : undefined)
    closeWithConnection(request.raw, reply.raw)
    sound(request.raw)
    if (asked === 'open') return done()
    access.admit(request.raw, asked)
    // Whoever needs a key to see it has no use for a cache that may not.
    reply.header('cache-control', 'no-store')
    clients.ask(request.raw)
    if (place) clients.hold(place, request.raw, reply.raw)
    done()
  })
  app.addHook('preParsing', ({ raw, routeOptions: { bodyLimit } }, reply, _, done) => {
    if (!asksFirst(raw)) return done()
    if (Number(raw.headers['content-length'] ?? 0) > (bodyLimit ?? Number.POSITIVE_INFINITY))
      throw new Fault('body_too_large', 'the body is larger than is allowed here')
    reply.raw.writeContinue()
    done()
  })
}

/** What is said of requests: the failed ones to who asked, all of them to the log. */
function account(app: FastifyInstance, log: Logger): void {
  if (log.isLevelEnabled('debug'))
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
}

function refuse(fault: Fault, reply: FastifyReply): FastifyReply {
  // The body that was asked about may come all the same, or the next request in its place: nobody could tell.
  const { raw } = reply.request
  if (asksFirst(raw) && raw.httpVersionMajor === 1) reply.header('connection', 'close')
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
