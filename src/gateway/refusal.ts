import type { Answer } from './answer.ts'
import { CODES, type Code, Fault } from './fault.ts'
import type { Upstream } from './upstream.ts'

const ERROR_BODY_BYTES = 64 << 10
const ERROR_BODY_MS = 5_000
const ERROR_CHARS = 400
/** How much of a body that is no JSON is looked at, and how deep in one that is. */
const PLAIN_CHARS = 4_096
const DEPTH = 8

/** Every 3xx leads somewhere else; a 304 too, where nobody set a condition. */
export function redirects(status: number): boolean {
  return status >= 300 && status < 400
}

/**
 * Turns an answer that is none into a fault: a redirect, an encoding nobody asked for, or the upstream's own 4xx and 5xx with its
 * status and its message. `conditional`: the call may have had a condition, which a 304 answers.
 * @throws Fault
 */
export async function accept(upstream: Upstream, answer: Answer, conditional = false): Promise<Answer> {
  const who = upstream.name === 'agent' ? 'agent' : 'voice server'
  const encoding = answer.header('content-encoding')
  if (redirects(answer.status) && !(conditional && answer.status === 304)) {
    answer.drop()
    throw upstream.fault('redirected', `the ${who} answered with a redirect, which is not followed`)
  }
  // HTTP has no status from 600 on, and Fastify takes none.
  if (answer.status >= 600) {
    answer.drop()
    throw upstream.fault(
      'bad_answer',
      `the ${who} answered with status ${answer.status}, which does not exist`,
    )
  }
  if (answer.status >= 400) throw await refusal(upstream, answer)
  if (encoding !== undefined && encoding.toLowerCase() !== 'identity') {
    answer.drop()
    throw upstream.fault('bad_answer', `the ${who} compressed its answer, which was not asked for`)
  }
  return answer
}

/** The upstream's own refusal, in its words. */
export async function refusal(upstream: Upstream, answer: Answer): Promise<Fault> {
  const text = await answer.text(ERROR_BODY_BYTES, ERROR_BODY_MS)
  const who = upstream.name === 'agent' ? 'agent' : 'voice server'
  const code = (upstream.name === 'voice' && voiceCode(text, answer.status)) || `${upstream.name}_error`
  const retryAfter = answer.header('retry-after') ?? ''
  return new Fault(code, messageOf(text) || `the ${who} answered ${answer.status} without saying why`, {
    status: answer.status,
    ...(code === 'voice_busy' && /^\d{1,4}$/.test(retryAfter) && { retryAfterS: Number(retryAfter) }),
  })
}

/** What a voice server may call its refusals. Any other name could be mistaken for the gateway's own. */
const VOICE_CODES = [
  'invalid_json',
  'invalid_request',
  'missing_file',
  'body_too_large',
  'text_too_long',
  'audio_too_long',
  'audio_unreadable',
  'voice_busy',
  'voice_unavailable',
  'voice_timeout',
] as const satisfies readonly Code[]

function voiceCode(body: string, status: number): Code | undefined {
  const said = (parse(body) as { readonly code?: unknown } | null | undefined)?.code
  return VOICE_CODES.find((code) => code === said && CODES[code] === status)
}

/** The message in an error body, whatever its shape; at most 400 characters, empty when there is none. */
export function messageOf(body: string): string {
  const said = spoken(parse(body), DEPTH) || plain(body.slice(0, PLAIN_CHARS))
  // The cut must not leave half of a character.
  return said.slice(0, ERROR_CHARS).replace(/[\ud800-\udbff]$/, '')
}

function plain(text: string): string {
  return text
    .replace(/<[^<>]*>/g, ' ')
    .replace(/\s+/g, ' ')
    .trim()
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function spoken(value: unknown, depth: number): string {
  if (typeof value === 'string') return value.trim()
  if (typeof value !== 'object' || value === null || depth === 0) return ''
  if (Array.isArray(value))
    return value
      .map((it) => spoken(it, depth - 1))
      .filter(Boolean)
      .join('; ')
  const fields = value as Record<string, unknown>
  for (const name of ['error', 'message', 'detail', 'msg']) {
    const found = spoken(fields[name], depth - 1)
    if (found) return found
  }
  return ''
}
