import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { reset } from './reset.ts'
import { deferred, type Gate, within } from './wait.ts'

export interface Body {
  readonly length: number
  readonly sha256: string
  /** The first 4 MiB; enough for every body that a test looks at. */
  readonly bytes: Buffer
  /** False when the sender broke off. */
  readonly complete: boolean
}

const KEPT_BYTES = 4 * 1024 * 1024

/** One request as it came, and the hand that answers it, byte by byte if need be. */
export class Call {
  readonly method: string
  /** The request target exactly as it was on the wire. */
  readonly target: string
  readonly headers: IncomingMessage['headers']
  readonly rawHeaders: readonly string[]
  /** The other side closed the connection, or ours ended: nothing more can be said. */
  readonly closed: Promise<void>
  /** Bytes of the body that have arrived. */
  received = 0
  /** The script has run to its end. */
  readonly played: Promise<void>
  readonly #played = deferred<void>()
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #socket: Socket
  readonly #arrivals = new Set<() => void>()
  #body: Promise<Body> | undefined

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request
    this.#response = response
    this.#socket = request.socket
    this.method = request.method ?? ''
    this.target = request.url ?? ''
    this.headers = request.headers
    this.rawHeaders = request.rawHeaders
    this.played = this.#played.promise
    const closed = deferred<void>()
    this.closed = closed.promise
    response.once('close', () => closed.resolve())
    request.once('aborted', () => closed.resolve())
    request.on('error', () => {})
    response.on('error', () => {})
  }

  /** Everything the request carries; without this call nothing of the body is read. */
  read(): Promise<Body> {
    this.#body ??= this.#collect()
    return this.#body
  }

  async json(): Promise<unknown> {
    return JSON.parse((await this.read()).bytes.toString('utf8'))
  }

  async #collect(): Promise<Body> {
    const hash = createHash('sha256')
    const kept: Buffer[] = []
    let keptBytes = 0
    const done = deferred<boolean>()
    this.#request.on('data', (piece: Buffer) => {
      this.received += piece.length
      hash.update(piece)
      if (keptBytes < KEPT_BYTES) kept.push(piece)
      keptBytes += piece.length
      for (const arrived of this.#arrivals) arrived()
    })
    this.#request.once('end', () => done.resolve(true))
    this.#request.once('close', () => done.resolve(this.#request.complete))
    const complete = await done.promise
    return { length: this.received, sha256: hash.digest('hex'), bytes: Buffer.concat(kept), complete }
  }

  async receivedAtLeast(bytes: number): Promise<void> {
    const { promise, resolve } = deferred<void>()
    const look = () => {
      if (this.received >= bytes) resolve()
    }
    this.#arrivals.add(look)
    look()
    await within(`${bytes} bytes of the body of ${this.method} ${this.target}`, promise)
    this.#arrivals.delete(look)
  }

  /** Proper HTTP: the head, then pieces, each its own chunk on the wire unless a length was declared, then the end. */
  head(status: number, headers: Record<string, string | readonly string[]> = {}): void {
    for (const [name, value] of Object.entries(headers))
      this.#response.setHeader(name, typeof value === 'string' ? value : [...value])
    this.#response.writeHead(status)
    this.#response.flushHeaders()
  }

  /** Resolves when the bytes were taken by the connection, or when it is gone. */
  write(bytes: string | Uint8Array): Promise<void> {
    const { promise, resolve } = deferred<void>()
    this.#response.write(bytes, () => resolve())
    return Promise.race([promise, this.closed])
  }

  end(bytes?: string | Uint8Array): void {
    if (bytes === undefined) this.#response.end()
    else this.#response.end(bytes)
  }

  /** Exact bytes on the connection, past all HTTP machinery. */
  raw(bytes: string | Uint8Array): Promise<void> {
    const { promise, resolve } = deferred<void>()
    if (this.#socket.destroyed) return Promise.resolve()
    this.#socket.write(bytes, () => resolve())
    return Promise.race([promise, this.closed])
  }

  fin(): void {
    this.#socket.end()
  }

  rst(): void {
    reset(this.#socket)
  }

  async play(script: Script): Promise<void> {
    try {
      await script(this)
    } finally {
      this.#played.resolve()
    }
  }
}

export type Script = (call: Call) => void | Promise<void>

/** A server that answers by script and remembers every request. */
export interface Upstream {
  readonly url: string
  readonly port: number
  readonly calls: readonly Call[]
  /** TCP connections ever accepted. */
  readonly connections: number
  /** Answers requests of `route` by these scripts, in order; the last one stays. `'GET /a/'` is a prefix, `'GET /a'` is not. */
  play(route: string, ...scripts: [Script, ...Script[]]): void
  /** The requests of a route so far, however they ended. */
  callsOf(route: string): readonly Call[]
  /** The nth request of a route, as soon as it has come. */
  called(route: string, nth?: number): Promise<Call>
  /** Closes the port and every connection: from now on nobody is there. */
  close(): Promise<void>
  /** What scripts threw; a test world fails with it at its end. */
  readonly faults: readonly unknown[]
}

export async function startUpstream(defaults: Readonly<Record<string, Script>>): Promise<Upstream> {
  const scripts = new Map<string, Script[]>(Object.entries(defaults).map(([route, it]) => [route, [it]]))
  const calls: Call[] = []
  const faults: unknown[] = []
  const sockets = new Set<Socket>()
  const watchers = new Set<() => void>()
  let connections = 0

  const scriptFor = (call: Call): Script => {
    const key = routeOf(call)
    const route = scripts.has(key) ? key : longestPrefix(scripts.keys(), key)
    const queue = scripts.get(route ?? '')
    const script = queue && queue.length > 1 ? queue.shift() : queue?.[0]
    return script ?? notFound
  }
  const callsOf = (route: string) => calls.filter((call) => matches(route, routeOf(call)))

  const server = createServer({ keepAliveTimeout: 0, requestTimeout: 0 }, (request, response) => {
    const call = new Call(request, response)
    calls.push(call)
    for (const look of watchers) look()
    call.play(scriptFor(call)).catch((error: unknown) => faults.push(error))
  })
  server.on('connection', (socket) => {
    connections += 1
    sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('clientError', (_error, socket) => socket.destroy())
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo

  return {
    url: `http://127.0.0.1:${port}`,
    port,
    calls,
    faults,
    callsOf,
    get connections() {
      return connections
    },
    play: (route, ...given) => scripts.set(route, [...given]),
    called(route, nth = 1) {
      const { promise, resolve } = deferred<Call>()
      const look = () => {
        const call = callsOf(route)[nth - 1]
        if (call) resolve(call)
      }
      watchers.add(look)
      look()
      return within(`request ${nth} of ${route} at the upstream`, promise).finally(() =>
        watchers.delete(look),
      )
    },
    async close() {
      const closed = new Promise((done) => server.close(done))
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

const routeOf = (call: Call) => `${call.method} ${call.target.split('?', 1)[0]}`
const matches = (route: string, key: string) => (route.endsWith('/') ? key.startsWith(route) : key === route)
const longestPrefix = (routes: Iterable<string>, key: string) =>
  [...routes]
    .filter((route) => matches(route, key))
    .sort((a, b) => b.length - a.length)
    .at(0)

const notFound: Script = async (call) => {
  await call.read()
  call.head(404, { 'content-type': 'application/json' })
  call.end('{"error":"no such endpoint"}')
}

/** What a script may do next: say bytes, wait for a door or a promise, or anything else with the call. */
export type Step = string | Uint8Array | Gate | Promise<unknown> | ((call: Call) => unknown)

export async function walk(
  call: Call,
  steps: readonly Step[],
  say: (bytes: string | Uint8Array) => Promise<void>,
): Promise<void> {
  for (const step of steps) {
    if (typeof step === 'string' || step instanceof Uint8Array) await say(step)
    else if (typeof step === 'function') await step(call)
    else await Promise.race([call.closed, 'opened' in step ? step.opened : step])
  }
}
