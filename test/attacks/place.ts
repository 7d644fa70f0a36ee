import fastify from 'fastify'
import type { Door } from '../../src/gateway/access.ts'
import { TIMING } from '../../src/gateway/config.ts'
import { newMetrics } from '../../src/gateway/metrics.ts'
import { type RouteParts, routes } from '../../src/gateway/routes.ts'
import { startAgent } from '../rig/agent.ts'
import { type Server, startServer } from '../rig/server.ts'
import type { Upstream } from '../rig/upstream.ts'
import { startVoice } from '../rig/voice.ts'
import { type RawAnswer, Wire } from '../rig/wire.ts'

/** Looks different in every way of writing it down. */
export const KEY = 'siege-"key"/+%41&<0123456789abcdef>'
export const WITH_KEY = `X-Ghost-Key: ${KEY}`
export const AGENT_LOG = 'agent.log'

/** The built gateway as a process, between an agent and a voice server that remember what they are asked. */
export interface Siege extends AsyncDisposable {
  readonly server: Server
  readonly agent: Upstream
  readonly voice: Upstream
  /** A connection of bytes, from an address that nobody else comes from: no attack pays for the attempts of another. */
  wire(): Wire
  /** Says these bytes, in Latin-1, and hears all that comes until the gateway closes the connection. */
  say(bytes: string | Uint8Array): Promise<RawAnswer>
  fetch(path: string, init?: RequestInit): Promise<Response>
}

export async function startSiege(env: Readonly<Record<string, string>> = {}): Promise<Siege> {
  const [agent, voice] = await Promise.all([startAgent(), startVoice()])
  const server = await startServer({
    GHOST_API_KEY: KEY,
    GHOST_AGENT_URL: agent.url,
    GHOST_VOICE_URL: voice.url,
    GHOST_AGENT_LOG: AGENT_LOG,
    GHOST_LOG_LEVEL: 'debug',
    ...env,
  })
  const wires = new Set<Wire>()
  let strangers = 0
  const wire = () => {
    strangers += 1
    const from = `127.${1 + (strangers >> 16)}.${(strangers >> 8) & 255}.${strangers & 255}`
    const made = new Wire(server.port, '127.0.0.1', from)
    wires.add(made)
    made.socket.once('close', () => wires.delete(made))
    return made
  }
  return {
    server,
    agent,
    voice,
    wire,
    async say(bytes) {
      const made = wire()
      await made.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes)
      return made.answer()
    },
    fetch: (path, init = {}) =>
      server.fetch(path, { ...init, headers: { 'x-ghost-key': KEY, ...(init.headers as object) } }),
    async [Symbol.asyncDispose]() {
      for (const made of wires) made.leave()
      await server[Symbol.asyncDispose]()
      await Promise.all([agent.close(), voice.close()])
      for (const fault of [...agent.faults, ...voice.faults]) throw fault
    },
  }
}

/** A request as it goes over the wire; the connection is over behind it. */
export const request = (method: string, target: string, headers: readonly string[] = [], body = '') =>
  [`${method} ${target} HTTP/1.1`, 'Host: gateway', ...headers, 'Connection: close', '', body].join('\r\n')

/** The code of an error answer; the whole body where it is none. */
export const codeOf = ({ body }: RawAnswer): unknown => {
  try {
    return (JSON.parse(String(body)) as { code?: unknown }).code
  } catch {
    return String(body).slice(0, 200)
  }
}

export interface Place {
  readonly method: string
  readonly target: string
  readonly door: Door | 'open'
}

const NAMED = { ':task_id': '00000000-0000-4000-8000-000000000000', '*': 'a.txt' }

/** Every way into the gateway, out of its own table of routes: a new one cannot be forgotten here. */
export async function surface(): Promise<readonly Place[]> {
  const found: Place[] = []
  const app = fastify()
  app.addHook('onRoute', ({ method, url, config }) => {
    const target = Object.entries(NAMED).reduce((text, [name, value]) => text.replace(name, value), url)
    for (const one of [method].flat()) found.push({ method: one, target, door: config?.door ?? 'open' })
  })
  const anything = new Proxy({}, { get: () => () => ({}) })
  routes(app, {
    page: anything,
    operations: anything,
    metrics: newMetrics(),
    pace: TIMING,
  } as unknown as RouteParts)
  await app.ready()
  await app.close()
  return found
}
