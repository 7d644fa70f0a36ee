import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Readiness } from '../protocol.ts'
import { ask } from './answer.ts'
import type { Metrics } from './metrics.ts'
import type { Described } from './openapi.ts'
import { VoiceShape } from './shapes.ts'
import type { StreamStore } from './store/store.ts'
import type { Upstream } from './upstream.ts'

/** How long a part has to show that it is there, and how long the answer is believed. */
const PROBE_MS = 2_000
const BELIEVED_MS = 1_000

export interface OperationsParts {
  readonly agent: Upstream
  readonly embedded: { readonly agent: boolean; readonly voice: boolean }
  readonly voiceServer: (() => Promise<Upstream>) | undefined
  readonly store: StreamStore
  readonly metrics: Metrics
  logState(): Readiness['log']
  certificate(): Readiness['certificate']
  closing(): boolean
  described(): readonly Described[]
}

export type Operations = ReturnType<typeof operations>

/** What an operator asks: is it alive, is it ready, what does it count, what can it do. */
export function operations(parts: OperationsParts) {
  const agentUp = probe(async () => parts.agent, '/api/health')
  const voiceUp = parts.voiceServer && probe(parts.voiceServer, '/', enginesOf)

  async function readiness(): Promise<Readiness> {
    const [agent, voice, store] = await Promise.all([agentUp(), voiceUp?.(), storeUp(parts.store)])
    const certificate = parts.certificate()
    const well = agent.state === 'up' && store.state === 'up'
    return {
      status: parts.closing() ? 'shutting_down' : well ? 'ready' : 'not_ready',
      agent: { ...agent, embedded: parts.embedded.agent },
      store: { ...parts.store.health(), ...store, kind: parts.store.kind },
      voice: { ...(voice ?? { state: 'off' }), embedded: parts.embedded.voice },
      ...(certificate && { certificate }),
      log: parts.logState(),
    }
  }

  return {
    readiness,

    health: () => ({ status: 'ok' }),

    async ready(_: FastifyRequest, reply: FastifyReply): Promise<Readiness> {
      const now = await readiness()
      reply.code(now.status === 'ready' ? 200 : 503).header('cache-control', 'no-store')
      return now
    },

    async metrics(_: FastifyRequest, reply: FastifyReply): Promise<string> {
      const { type, body } = await parts.metrics.text()
      reply.header('content-type', type)
      return body
    },

    async openapi(): Promise<unknown> {
      const { openapi } = await import('./openapi.ts')
      return openapi(parts.described())
    },

    async docs(_: FastifyRequest, reply: FastifyReply): Promise<string> {
      const [{ openapi }, { docs }] = await Promise.all([import('./openapi.ts'), import('./docs.ts')])
      reply.headers({
        'content-type': 'text/html; charset=utf-8',
        'content-security-policy':
          "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'none'",
      })
      return docs(openapi(parts.described()))
    },
  }
}

type Standing = { readonly state: 'up' | 'down'; readonly detail?: string }
type Engines = Pick<Readiness['voice'], 'stt' | 'tts'>
/** Most that a part may tell of itself. */
const TOLD_BYTES = 4_096

/** Any answer at all says that it is there. Asked at most once a second, however often someone wants to know. */
function probe(
  upstream: () => Promise<Upstream>,
  path: string,
  read?: (told: string) => Engines,
): () => Promise<Standing & Engines> {
  let asked: { readonly standing: Promise<Standing & Engines>; readonly at: number } | undefined
  const look = async (): Promise<Standing & Engines> => {
    try {
      const answer = await ask(await upstream(), { method: 'GET', path }, AbortSignal.timeout(PROBE_MS))
      if (read) return { state: 'up', ...read(await answer.text(TOLD_BYTES, PROBE_MS)) }
      answer.drop()
      return { state: 'up' }
    } catch (error) {
      return { state: 'down', detail: error instanceof Error ? error.message : 'no answer' }
    }
  }
  return () => {
    const now = performance.now()
    if (!asked || now - asked.at > BELIEVED_MS) asked = { standing: look(), at: now }
    return asked.standing
  }
}

/** What a voice server tells of its two directions, if it is one that does. */
function enginesOf(told: string): Engines {
  try {
    return VoiceShape.parse(JSON.parse(told))
  } catch {
    return {}
  }
}

async function storeUp(store: StreamStore): Promise<Standing> {
  try {
    await store.ready()
    return { state: 'up' }
  } catch (error) {
    return { state: 'down', detail: error instanceof Error ? error.message : 'no answer' }
  }
}
