import type { FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import type { z } from 'zod'
import type { Door } from './access.ts'
import { type ChatParts, chat } from './chat/chat.ts'
import type { Place } from './clients.ts'
import type { Code } from './fault.ts'
import { files } from './files.ts'
import type { Operations } from './operations.ts'
import type { page } from './page.ts'
import { AnyJson, ChatBody, ReadinessShape, ReceiptShape, SpeechBody, TaskShape } from './shapes.ts'
import type { Upstream } from './upstream.ts'
import { voice } from './voice.ts'

/** What the documentation tells of a route, and nothing else does. */
export interface Doc {
  readonly summary: string
  /** A JSON body of this shape, or multipart with a part `file`. */
  readonly body?: z.ZodType | 'file'
  readonly query?: Readonly<Record<string, string>>
  readonly headers?: Readonly<Record<string, string>>
  /** The good answers: a shape is JSON, a text is a media type. */
  readonly answers: Readonly<Record<number, z.ZodType | string>>
  /** Refusals of its own, besides those that every guarded route has. */
  readonly refusals?: readonly Code[]
}

declare module 'fastify' {
  interface FastifyContextConfig {
    readonly door?: Door | 'open'
    /** What a client may have only so many of. */
    readonly place?: Place
    readonly doc?: Doc
  }
}

export interface RouteParts extends ChatParts {
  readonly voiceServer: (() => Promise<Upstream>) | undefined
  readonly uploadBytes: number
  readonly page: ReturnType<typeof page>
  readonly operations: Operations
}

type Handler = (request: never, reply: FastifyReply) => unknown

const AGENT = [
  'agent_unreachable',
  'agent_redirected',
  'agent_bad_answer',
  'agent_error',
  'agent_timeout',
] as const
const VOICE = [
  'voice_busy',
  'voice_unavailable',
  'voice_unreachable',
  'voice_redirected',
  'voice_bad_answer',
  'voice_error',
  'voice_timeout',
] as const
const JSON_BODY = ['invalid_json', 'invalid_request', 'body_too_large'] as const
const FILE_BODY = ['missing_file', 'body_too_large', 'request_timeout'] as const

/** A form with a key in it. Whoever has none yet gets no more looked at. */
const FORM_BYTES = 16 << 10

interface Bounds {
  readonly bodyLimit?: number
  readonly place?: Place
}

/** The whole surface. A route that does not say otherwise asks for the key. */
export function routes(app: FastifyInstance, parts: RouteParts): void {
  const add =
    (on: FastifyInstance, door: Door | 'open', { bodyLimit, place }: Bounds = {}) =>
    (method: HTTPMethods | HTTPMethods[], url: string, handler: Handler, doc?: Doc) =>
      on.route({
        method,
        url,
        exposeHeadRoute: false,
        ...(bodyLimit !== undefined && { bodyLimit }),
        config: { door, ...(place && { place }), ...(doc && { doc }) },
        handler: handler as (request: FastifyRequest, reply: FastifyReply) => unknown,
      })
  const open = add(app, 'open', { bodyLimit: FORM_BYTES })
  /** Monitors and link checkers ask with HEAD. */
  const seen = (door: Door | 'open', url: string, handler: Handler, doc?: Doc) => {
    add(app, door)('GET', url, handler, doc)
    add(app, door)('HEAD', url, handler)
  }
  const api = add(app, 'key')
  const answer = add(app, 'key', { place: 'streams' })
  const talk = chat(parts)
  const file = files(parts.agent, parts.uploadBytes, parts.pace.stallMs)
  const speech = voice(parts.voiceServer, parts.uploadBytes, parts.pace.stallMs)
  const { page, operations } = parts

  answer('POST', '/api/chat', talk.post, {
    summary: 'Talk to the agent: one JSON answer, or a stream that no disconnect can lose',
    body: ChatBody,
    headers: { 'Idempotency-Key': '1 to 128 visible ASCII characters: the same key joins the same task' },
    answers: { 200: 'text/event-stream' },
    refusals: [
      ...JSON_BODY,
      'too_many_messages',
      'invalid_idempotency_key',
      'idempotency_conflict',
      'at_capacity',
      'shutting_down',
      'store_unavailable',
      ...AGENT,
    ],
  })
  answer('GET', '/api/chat/resume/:task_id', talk.resume, {
    summary: 'The stream from a chunk on: what is there, then what comes, then its end',
    query: { offset: 'number of the first chunk wanted' },
    headers: { 'Last-Event-ID': 'number of the last chunk seen; used when offset is absent' },
    answers: { 200: 'text/event-stream' },
    refusals: ['invalid_offset', 'task_not_found'],
  })
  api('POST', '/api/chat/cancel/:task_id', talk.cancel, {
    summary: "Stop a running answer and close the agent's connection",
    answers: { 200: ReceiptShape },
    refusals: ['not_found_or_done'],
  })
  api('GET', '/api/chat/task/:task_id', talk.task, {
    summary: 'The state of one task',
    answers: { 200: TaskShape },
    refusals: ['task_not_found'],
  })
  api('GET', '/api/chat/tasks', talk.tasks, {
    summary: 'All tasks that are known, newest first',
    answers: { 200: 'application/json' },
  })
  api('POST', '/api/workspace/save', file.save, {
    summary: 'The workspace as a zip archive',
    body: AnyJson,
    answers: { 200: 'application/zip' },
    refusals: ['invalid_json', 'body_too_large', ...AGENT],
  })
  api(['GET', 'HEAD'], '/api/download/*', file.download, {
    summary: "A file of the agent's workspace",
    headers: { Range: 'part of the file', 'If-None-Match': 'an ETag seen before' },
    answers: { 200: 'application/octet-stream', 206: 'application/octet-stream', 304: 'not modified' },
    refusals: ['invalid_path', ...AGENT],
  })
  api('POST', '/api/tts', speech.speak, {
    summary: 'Text to speech, the first sound as soon as it comes',
    body: SpeechBody,
    answers: { 200: 'audio/wav' },
    refusals: [...JSON_BODY, 'text_too_long', ...VOICE],
  })
  api('GET', '/api/openapi.json', operations.openapi, {
    summary: 'This document',
    answers: { 200: 'application/json' },
  })
  api('GET', '/metrics', operations.metrics, {
    summary: 'Prometheus metrics',
    answers: { 200: 'text/plain' },
  })

  /** Bodies that are passed on as they come: nobody may collect them first. */
  void app.register(async (streams) => {
    streams.removeAllContentTypeParsers()
    streams.addContentTypeParser('*', (_request, _payload, done) => done(null))
    const upload = add(streams, 'key', { bodyLimit: parts.uploadBytes, place: 'uploads' })
    upload('POST', '/api/upload', file.upload, {
      summary: "A file into the agent's workspace",
      body: 'file',
      answers: { 200: 'application/json' },
      refusals: [...FILE_BODY, ...AGENT],
    })
    upload('POST', '/api/workspace/load', file.load, {
      summary: 'Replace the workspace with a zip archive',
      body: 'file',
      answers: { 200: 'application/json' },
      refusals: [...FILE_BODY, ...AGENT],
    })
    upload('POST', '/api/stt', speech.hear, {
      summary: 'Speech to text',
      body: 'file',
      answers: { 200: 'application/json' },
      refusals: [...FILE_BODY, 'audio_unreadable', 'audio_too_long', ...VOICE],
    })
  })

  seen('open', '/', page.index, { summary: 'The console, or the door to it', answers: { 200: 'text/html' } })
  open('POST', '/', page.enter)
  open('POST', '/leave', page.leave)
  seen('open', '/preview', page.preview, {
    summary: 'The page that untrusted artefacts run in',
    answers: { 200: 'text/html' },
  })
  seen('open', '/healthz', operations.health, {
    summary: 'The process is alive',
    answers: { 200: 'application/json' },
  })
  seen('open', '/readyz', operations.ready, {
    summary: 'Whether agent and store are there, and the state of every part',
    answers: { 200: ReadinessShape, 503: ReadinessShape },
  })
  seen('page', '/docs', operations.docs, {
    summary: 'This document, for people',
    answers: { 200: 'text/html' },
  })
  seen('open', '/*', page.asset)
}
