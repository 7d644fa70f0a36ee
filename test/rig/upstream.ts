import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { Call } from './call.ts'
import { deferred, type Gate, within } from './wait.ts'

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
