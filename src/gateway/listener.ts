import { createServer, type RequestListener, type Server } from 'node:http'
import { createSecureServer, type ServerHttp2Session } from 'node:http2'
import type { Socket } from 'node:net'
import type { Certificate } from './certificate.ts'
import { Request2, Response2 } from './http2.ts'

/** How long a connection may be open and idle. Longer than the 60 s of most proxies, so that these close first and lose no request. */
const IDLE_MS = 72_000
/** How long a handshake of TLS may take. */
const HANDSHAKE_MS = 20_000
/** What one body may have on its way, and all bodies of a connection: one that nobody reads must not hold up the others. */
const STREAM_WINDOW_BYTES = 1 << 18
const CONNECTION_WINDOW_BYTES = 1 << 24

/** What Node decides by itself, each decided here: the server of HTTP/2 has other defaults for HTTP/1.1 than the server of HTTP/1.1. */
const LIMITS = {
  /** How long a request's head may take. Bodies have a clock of their own. */
  headersTimeout: 20_000,
  /** Head and body together: none, since an upload may be slow for hours as long as it moves. */
  requestTimeout: 0,
  keepAliveTimeout: IDLE_MS,
  /** How often Node looks who has been too slow. */
  connectionsCheckingInterval: 5_000,
  requireHostHeader: true,
  /** Who half-closes after the request still gets the answer. That a reader is gone shows at the next failed write. */
  httpAllowHalfOpen: true,
}

/** What everything here knows of a server, whether it speaks TLS or not. */
export type Listener = Server & Partial<Pick<SecureServer, 'setSecureContext'>>
type SecureServer = ReturnType<typeof createSecureServer>

/** A server of HTTP/1.1; with a certificate one of HTTP/2 and HTTP/1.1 over TLS. */
export function newListener(handler: RequestListener, certificate: Certificate | undefined): Listener {
  return certificate ? secure(handler, certificate) : Object.assign(createServer(LIMITS, handler), LIMITS)
}

function secure(handler: RequestListener, { options }: Certificate): Listener {
  const server = createSecureServer({
    ...options,
    allowHTTP1: true,
    allowHalfOpen: true,
    handshakeTimeout: HANDSHAKE_MS,
    // Of what Node serves, HTTP/1.1 over TLS alone would let a word wait until the last one is acknowledged.
    noDelay: true,
    settings: { initialWindowSize: STREAM_WINDOW_BYTES },
    // In MB, for each connection. What waits for slow readers is counted in it, a page each.
    maxSessionMemory: 64,
    ...({ Http2ServerRequest: Request2, Http2ServerResponse: Response2 } as object),
  })
  server.on('request', handler as never)
  const sockets = new Set<Socket>()
  const sessions = new Set<ServerHttp2Session>()
  server.prependListener('secureConnection', (socket) => {
    // A connection of many streams that was closed on one side is over.
    if (socket.alpnProtocol === 'h2') socket.allowHalfOpen = false
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('session', (session) => {
    sessions.add(session)
    session.once('close', () => sessions.delete(session))
    session.once('connect', () => session.setLocalWindowSize(CONNECTION_WINDOW_BYTES))
    // What runs on it may end; nothing new begins.
    session.setTimeout(IDLE_MS, () => session.close())
  })
  const close = server.close.bind(server)
  return Object.assign(server, LIMITS, {
    close(done?: (error?: Error) => void) {
      close(done)
      for (const session of sessions) session.close()
      return server
    },
    closeAllConnections() {
      for (const socket of sockets) socket.destroy()
    },
  }) as unknown as Listener
}
