import type { Frame } from './frames.ts'

/** A tool call as it arrives: its arguments come in pieces. */
export interface ToolCall {
  index: number | null
  id: string
  name: string
  args: string
}

export interface Failure {
  readonly type: string
  readonly message: string
}

/**
 * All that an agent has said in one answer, as plain data: it is stored, restored and continued.
 * Everything on screen is derived from it.
 */
export interface Said {
  content: string
  reasoning: string
  tools: ToolCall[]
  /** Why the model stopped, in its own word. */
  finish: string | null
  /** `[DONE]`, or `done` of Ollama's own form. */
  done: boolean
  failure: Failure | null
  /** When the first word of any kind came, and when the first word of the answer itself did. */
  firstAt: number | null
  spokeAt: number | null
  /** Lines that are not of an event stream and not yet whole JSON. */
  loose: string
}

export function nothingSaid(): Said {
  return {
    content: '',
    reasoning: '',
    tools: [],
    finish: null,
    done: false,
    failure: null,
    firstAt: null,
    spokeAt: null,
    loose: '',
  }
}

const LOOSE_CHARS = 1_000_000

/** Adds one frame. After an error or the end of the model's words, nothing is answer any more. */
export function hear(said: Said, frame: Frame, now: number): void {
  if (frame.kind === 'comment' || said.failure) return
  if (frame.kind === 'line') return hearLine(said, frame.text, now)
  if (frame.event === 'error') {
    said.failure = failureOf(parsed(frame.data) ?? frame.data)
    return
  }
  // A closed list: an event of another name is not for this page, whatever it holds.
  if (frame.event !== 'message' || said.done) return
  if (frame.data.trim() === '[DONE]') {
    said.done = true
    return
  }
  const body = parsed(frame.data)
  if (isRecord(body)) hearBody(said, body, now)
}

/** What is left of a stream that was no event stream is said as it stands. */
export function hearEnd(said: Said): void {
  said.content += said.loose
  said.loose = ''
}

function hearLine(said: Said, line: string, now: number): void {
  if (said.done) return
  const whole = said.loose + line
  const body = whole.trimStart().startsWith('{') ? parsed(whole) : undefined
  if (isRecord(body)) {
    said.loose = ''
    hearBody(said, body, now)
  } else if (whole.length < LOOSE_CHARS) {
    said.loose = `${whole}\n`
  }
}

function hearBody(said: Said, body: Record<string, unknown>, now: number): void {
  if (body.error !== undefined && body.error !== null) {
    said.failure = failureOf(body)
    return
  }
  const choice = Array.isArray(body.choices) ? body.choices[0] : undefined
  if (isRecord(choice)) {
    hearDelta(said, choice.delta ?? choice.message ?? { content: choice.text }, now)
    if (typeof choice.finish_reason === 'string') said.finish = choice.finish_reason
    return
  }
  // Ollama's own form: one object a line, without choices.
  if (isRecord(body.message)) hearDelta(said, body.message, now)
  else if (typeof body.response === 'string') hearDelta(said, { ...body, content: body.response }, now)
  if (body.done === true) {
    said.done = true
    said.finish = typeof body.done_reason === 'string' ? body.done_reason : 'stop'
  }
}

function hearDelta(said: Said, delta: unknown, now: number): void {
  if (!isRecord(delta)) return
  const content = textOf(delta.content)
  const reasoning = textOf(delta.reasoning_content) || textOf(delta.reasoning) || textOf(delta.thinking)
  const calls = Array.isArray(delta.tool_calls) ? delta.tool_calls : []
  if (content !== '' || reasoning !== '' || calls.length > 0) said.firstAt ??= now
  said.content += content
  said.reasoning += reasoning
  for (const call of calls) if (isRecord(call)) hearCall(said.tools, call)
}

function hearCall(tools: ToolCall[], piece: Record<string, unknown>): void {
  const index = typeof piece.index === 'number' ? piece.index : null
  const id = typeof piece.id === 'string' ? piece.id : ''
  const named = isRecord(piece.function) ? piece.function : {}
  const name = typeof named.name === 'string' ? named.name : ''
  const args =
    typeof named.arguments === 'string'
      ? named.arguments
      : named.arguments == null
        ? ''
        : JSON.stringify(named.arguments)
  // Some servers give every call index 0 and a new id, some repeat the id with every piece, some give neither.
  const isMore = (tool: ToolCall) =>
    index !== null
      ? tool.index === index && (id === '' || tool.id === id)
      : id !== ''
        ? tool.id === id
        : name === ''
  const known = tools.findLast(isMore)
  if (!known) {
    tools.push({ index, id, name, args })
    return
  }
  if (known.name === '') known.name = name
  known.args += args
}

/** Text as such, or as parts; a picture among the parts becomes markdown, which decides what may be shown. */
function textOf(content: unknown): string {
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content
    .map((part) => {
      if (!isRecord(part)) return ''
      if (typeof part.text === 'string') return part.text
      const url = isRecord(part.image_url) ? part.image_url.url : part.image_url
      return typeof url === 'string' ? `\n\n![image](<${url.replaceAll(/[<>\s]/g, '')}>)\n\n` : ''
    })
    .join('')
}

/** A sentence for a person out of whatever an agent or a gateway calls an error. */
export function failureOf(what: unknown): Failure {
  const error = isRecord(what) ? (what.error ?? what.detail ?? what) : what
  const type = isRecord(error) && typeof error.type === 'string' ? error.type : 'UpstreamError'
  const message = sentence(error)
  return { type, message: message.length > 400 ? `${message.slice(0, 399)}…` : message }
}

function sentence(error: unknown): string {
  if (typeof error === 'string' && error.trim() !== '') return error.trim()
  if (Array.isArray(error)) return error.map(sentence).join('; ')
  if (isRecord(error)) {
    for (const key of ['message', 'detail', 'error', 'msg', 'reason', 'code', 'type']) {
      const value = error[key]
      if ((typeof value === 'string' && value.trim() !== '') || isRecord(value) || Array.isArray(value))
        return sentence(value)
    }
    return JSON.stringify(error)
  }
  return error == null || error === '' ? 'the agent failed and did not say why' : String(error)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
