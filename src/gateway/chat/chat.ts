import type { FastifyReply, FastifyRequest } from 'fastify'
import {
  IDEMPOTENCY_HEADER,
  LAST_EVENT_HEADER,
  MAX_MESSAGES,
  REQUEST_HEADER,
  TASK_HEADER,
} from '../../protocol.ts'
import { ask } from '../answer.ts'
import { Fault, stopping } from '../fault.ts'
import type { Metrics } from '../metrics.ts'
import { accept } from '../refusal.ts'
import { bodyOf, goneSignal, relay } from '../relay.ts'
import { ChatBody, parseBody } from '../shapes.ts'
import type { StreamStore } from '../store/store.ts'
import type { Upstream } from '../upstream.ts'
import { type Tasks, viewOf } from './tasks.ts'
import { type Pace, tell } from './tell.ts'

export interface ChatParts {
  readonly store: StreamStore
  readonly tasks: Tasks
  readonly agent: Upstream
  readonly pace: Pace
  readonly metrics: Metrics
  closing(): boolean
}

type WithId = FastifyRequest<{ Params: { task_id: string } }>

export function chat({ store, tasks, agent, pace, metrics, closing }: ChatParts) {
  /** Hands the socket to a reader of the log. The head goes out at once: the task's id must not wait for the agent's first byte. */
  async function stream(id: string, from: number, reply: FastifyReply): Promise<void> {
    reply.hijack()
    const { raw } = reply
    raw.writeHead(200, {
      ...(reply.getHeaders() as Record<string, string>),
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
      [TASK_HEADER]: id,
    })
    raw.flushHeaders()
    metrics.readers.inc()
    try {
      await tell(store, id, from, pace, raw)
    } finally {
      metrics.readers.dec()
    }
  }

  return {
    async post(request: FastifyRequest, reply: FastifyReply): Promise<unknown> {
      const bytes = bodyOf(request)
      const body = parseBody(bytes, ChatBody)
      if (body.messages.length > MAX_MESSAGES)
        throw new Fault(
          'too_many_messages',
          `a chat may have ${MAX_MESSAGES} messages, this one has ${body.messages.length}: send the newest`,
        )
      if (closing()) throw stopping()
      if (body.stream) {
        const id = await tasks.start(bytes, claimOf(request))
        // What the agent has been sent need not be kept for as long as the answer runs.
        request.body = undefined
        return stream(id, 0, reply)
      }
      const call = {
        method: 'POST',
        path: '/api/chat',
        headers: { 'content-type': 'application/json', [REQUEST_HEADER]: crypto.randomUUID() },
        body: bytes,
      } as const
      const gone = goneSignal(reply)
      return relay(reply, await accept(agent, await ask(agent, call, gone)), gone, pace.stallMs)
    },

    async resume(request: WithId, reply: FastifyReply): Promise<unknown> {
      const { task_id: id } = request.params
      const from = offsetOf(request)
      if (!(await store.info(id)))
        throw new Fault('task_not_found', 'this answer is not known here, or no longer')
      metrics.resumes.inc()
      return stream(id, from, reply)
    },

    async cancel(request: WithId): Promise<unknown> {
      const receipt = await tasks.cancel(request.params.task_id)
      metrics.cancels.inc({ outcome: receipt ? 'cancelled' : 'not_found_or_done' })
      if (receipt) return receipt
      throw new Fault('not_found_or_done', 'this answer is not running: it is done, or not known here')
    },

    async task(request: WithId): Promise<unknown> {
      const info = await store.info(request.params.task_id)
      if (info) return viewOf(info)
      throw new Fault('task_not_found', 'this answer is not known here, or no longer')
    },

    async tasks(): Promise<unknown> {
      return { tasks: (await store.list()).map(viewOf) }
    },
  }
}

function claimOf(request: FastifyRequest): string | undefined {
  const key = request.headers[IDEMPOTENCY_HEADER]
  if (key === undefined) return undefined
  if (typeof key === 'string' && /^[\x21-\x7e]{1,128}$/.test(key)) return key
  throw new Fault('invalid_idempotency_key', 'Idempotency-Key must be 1 to 128 visible ASCII characters')
}

/** The first chunk wanted: `offset`, else the one after `Last-Event-ID`, else the first of all. */
function offsetOf(request: FastifyRequest): number {
  const asked = (request.query as Record<string, unknown>).offset
  const last = request.headers[LAST_EVENT_HEADER]
  if (asked !== undefined) return whole(asked, 'offset')
  return last === undefined ? 0 : whole(last, 'Last-Event-ID', 1)
}

/** The number that is meant, `more` added, as long as both are numbers that are exact. */
function whole(text: unknown, name: string, more = 0): number {
  const number = typeof text === 'string' && /^\d{1,16}$/.test(text) ? Number(text) + more : Number.NaN
  if (Number.isSafeInteger(number)) return number
  throw new Fault('invalid_offset', `${name} must be a whole number, 0 or more`)
}
