import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { MAX_MESSAGES, REQUEST_HEADER } from '../protocol.ts'
import { type Completion, completion, DONE, failure } from './completion.ts'
import type { Delta, Message, Mind, Turn } from './delta.ts'
import { inWords, type Journal, turnJournal } from './journal.ts'
import { asRefusal, Refusal } from './refusal.ts'

const MONOLOGUE_CHARACTERS = 300

export interface Chat {
  post(request: FastifyRequest, reply: FastifyReply): Promise<unknown>
  /** Stops the turn of that id; false when there is none. */
  cancel(id: string): boolean
  /** Stops all. */
  close(): void
}

export function openChat(mind: Mind, journal: Journal): Chat {
  const running = new Map<string, AbortController>()
  return {
    async post(request, reply) {
      const question = readQuestion(request.body)
      const id = readId(request)
      if (running.has(id)) throw new Refusal('turn_running', 'a turn with this request id is running')
      const control = new AbortController()
      running.set(id, control)
      reply.raw.once('close', () => control.abort(new Refusal('turn_cancelled', 'the caller went away')))
      reply.header(REQUEST_HEADER, id)
      const turn: Turn = { ...question, id, journal: turnJournal(journal, id), signal: control.signal }
      const told = completion(id, mind.model, Math.floor(Date.now() / 1000))
      try {
        return await tellEnds(turn, () =>
          question.stream
            ? streamed(mind.answer(turn), told, turn, reply)
            : collected(mind.answer(turn), told, turn),
        )
      } finally {
        running.delete(id)
      }
    },
    cancel(id) {
      const control = running.get(id)
      control?.abort(new Refusal('turn_cancelled', 'the turn was cancelled'))
      return control !== undefined
    },
    close() {
      for (const control of running.values())
        control.abort(new Refusal('turn_cancelled', 'the agent is stopping'))
    },
  }
}

/** Every turn that starts in the journal finishes there, whatever becomes of it. */
async function tellEnds<T>(turn: Turn, run: () => Promise<T>): Promise<T> {
  const { journal, signal } = turn
  const began = performance.now()
  const took = () => `${((performance.now() - began) / 1000).toFixed(1)} s`
  journal.tell('🚀', 'REQUEST STARTED', `messages: ${turn.messages.length}`)
  try {
    const result = await run()
    journal.tell('🏁', 'REQUEST FINISHED', `done in ${took()}`)
    return result
  } catch (error) {
    if (signal.aborted) journal.tell('🛑', 'REQUEST FINISHED', `${inWords(signal.reason)} after ${took()}`)
    else {
      journal.error(error)
      journal.tell('🏁', 'REQUEST FINISHED', `failed after ${took()}`)
    }
    throw asRefusal(signal.aborted ? signal.reason : error)
  }
}

async function collected(deltas: AsyncIterable<Delta>, told: Completion, turn: Turn): Promise<object> {
  const all: Delta[] = []
  for await (const delta of musing(deltas, turn)) all.push(delta)
  turn.signal.throwIfAborted()
  return told.whole(all)
}

/** Nothing is sent before the first delta, so that a failure up to there has a status of its own. */
async function streamed(
  deltas: AsyncIterable<Delta>,
  told: Completion,
  turn: Turn,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const events = musing(deltas, turn)
  const first = await events.next()
  turn.signal.throwIfAborted()
  reply.hijack()
  const { raw } = reply
  raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
    [REQUEST_HEADER]: turn.id,
  })
  try {
    await write(raw, told.opening, turn.signal)
    if (!first.done) await write(raw, told.events(first.value), turn.signal)
    for await (const delta of events) await write(raw, told.events(delta), turn.signal)
    turn.signal.throwIfAborted()
    raw.end(DONE)
    return reply
  } catch (error) {
    const why = turn.signal.aborted ? turn.signal.reason : error
    const { message, code } = asRefusal(why)
    raw.end(failure(message, code))
    throw error
  }
}

async function write(raw: ServerResponse, events: string, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  if (events !== '' && !raw.write(events)) await once(raw, 'drain', { signal })
}

/** Passes deltas on and keeps the journal's monologue: reasoning, a line at a time. */
async function* musing(deltas: AsyncIterable<Delta>, turn: Turn): AsyncGenerator<Delta, void, undefined> {
  let thought = ''
  const say = () => {
    if (thought.trim()) turn.journal.tell('🧠', 'PLANNER MONOLOGUE', thought.trim())
    thought = ''
  }
  for await (const delta of deltas) {
    if (delta.kind === 'reasoning') thought += delta.text
    if (delta.kind !== 'reasoning' || /\n\s*$/.test(thought) || thought.length > MONOLOGUE_CHARACTERS) say()
    yield delta
  }
}

function readQuestion(body: unknown): Pick<Turn, 'messages' | 'settings'> & { readonly stream: boolean } {
  if (typeof body !== 'object' || body === null || Array.isArray(body))
    throw new Refusal('invalid_request', 'the body must be a JSON object')
  const { messages, stream, ...settings } = body as Record<string, unknown>
  if (!Array.isArray(messages)) throw new Refusal('invalid_request', 'messages must be an array')
  if (messages.length > MAX_MESSAGES)
    throw new Refusal('too_many_messages', `more than ${MAX_MESSAGES} messages`)
  if (messages.length === 0) throw new Refusal('invalid_request', 'there is no message to answer')
  if (!messages.every(isMessage)) throw new Refusal('invalid_request', 'every message must be an object')
  return { messages, settings, stream: stream === true }
}

function isMessage(value: unknown): value is Message {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function readId(request: FastifyRequest): string {
  const given = request.headers[REQUEST_HEADER]
  if (given === undefined) return randomUUID()
  if (typeof given !== 'string' || !/^[\x21-\x7e]{1,200}$/.test(given))
    throw new Refusal('invalid_request', 'X-Request-ID must be 1 to 200 visible ASCII characters')
  return given
}
