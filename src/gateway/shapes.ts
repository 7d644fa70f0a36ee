import { z } from 'zod'
import {
  type CancelReceipt,
  type ErrorBody,
  MAX_MESSAGES,
  type Readiness,
  type TaskView,
} from '../protocol.ts'
import { Fault } from './fault.ts'

/** The JSON that comes and goes: what is checked at the door, and what the OpenAPI document tells. */
export const ChatBody = z.looseObject({
  messages: z
    .array(z.unknown())
    .meta({ description: 'the conversation, passed on untouched', maxItems: MAX_MESSAGES }),
  stream: z.boolean().nullish().meta({ description: 'true: a resumable stream; else one JSON answer' }),
})
export const SpeechBody = z.looseObject({
  text: z.string().refine((text) => text.trim() !== '', 'must not be blank'),
})
export const AnyJson = z.unknown()

export const ErrorShape = z.object({
  error: z.string().meta({ description: 'a sentence for a person' }),
  code: z.string().meta({ description: 'stable_snake_case' }),
}) satisfies z.ZodType<ErrorBody>

export const TaskShape = z.object({
  task_id: z.uuid(),
  status: z.enum(['running', 'done', 'cancelled', 'failed', 'truncated', 'interrupted']),
  chunks: z.int(),
  bytes: z.int(),
  created_at: z.iso.datetime(),
  finished_at: z.iso.datetime().nullable(),
  error: z
    .object({
      message: z.string(),
      type: z.enum(['BufferCapExceeded', 'UpstreamError', 'UpstreamTimeout', 'Interrupted']),
    })
    .nullable(),
}) satisfies z.ZodType<TaskView>

export const ReceiptShape = z.object({
  status: z.literal('cancelled'),
  agent: z.union([
    z.object({ closed_ms: z.int(), turn_cancelled: z.boolean().nullable() }),
    z.object({ closed_ms: z.null(), turn_cancelled: z.null(), unconfirmed: z.literal(true) }),
  ]),
}) satisfies z.ZodType<CancelReceipt>

const part = <const S extends [string, ...string[]]>(...states: S) =>
  z.object({ state: z.enum(states), detail: z.string().optional() })
const speech = z.union([
  z.object({ state: z.literal('up'), engine: z.string() }),
  z.object({ state: z.literal('off'), detail: z.string() }),
])
/** What `GET /` of a voice server tells, if it tells anything. */
export const VoiceShape = z.object({ stt: speech, tts: speech })
export const ReadinessShape = z.object({
  status: z.enum(['ready', 'not_ready', 'shutting_down']),
  agent: part('up', 'down').extend({ embedded: z.boolean() }),
  store: part('up', 'down').extend({ kind: z.string(), durable: z.boolean() }),
  voice: part('up', 'down', 'off').extend({
    embedded: z.boolean(),
    stt: speech.optional(),
    tts: speech.optional(),
  }),
  certificate: z
    .object({ state: z.enum(['valid', 'expiring', 'expired']), expires: z.iso.datetime() })
    .optional(),
  log: part('following', 'missing', 'unreadable', 'off'),
})
type SameReadiness =
  z.output<typeof ReadinessShape> extends infer S ? (Readiness extends S ? true : never) : never
/** The shape and the type that both sides share say the same; this line stops compiling when they do not. */
export const SAME_READINESS: SameReadiness = true

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * A body's bytes as checked JSON.
 * @throws Fault `invalid_json`, `invalid_request`
 */
export function parseBody<S extends z.ZodType>(bytes: Buffer, shape: S): z.output<S> {
  let value: unknown
  try {
    value = JSON.parse(utf8.decode(bytes))
  } catch {
    throw new Fault('invalid_json', 'the body is not valid JSON')
  }
  const parsed = shape.safeParse(value)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const where = issue?.path.length ? issue.path.join('.') : 'the body'
  throw new Fault('invalid_request', `${where}: ${issue?.message ?? 'is not as expected'}`)
}
