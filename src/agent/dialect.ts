/** Most that one response may have, a whole answer in one line included. What reads it keeps all of it. */
const RESPONSE_BYTES = 64_000_000

type Json = Readonly<Record<string, unknown>>

/**
 * Turns what "OpenAI-compatible" servers really send into what the AI SDK reads: SSE of any newline form, NDJSON, messages
 * instead of deltas, `thinking`, errors of every shape, and `[DONE]` without a finish reason.
 */
export function plainSpeech(limitBytes = RESPONSE_BYTES): TransformStream<Uint8Array, Uint8Array> {
  const decoder = new TextDecoder()
  const encoder = new TextEncoder()
  const speech = { finished: false }
  let rest = ''
  let bytes = 0
  let event = { name: '', data: [] as string[] }

  type Sink = TransformStreamDefaultController<Uint8Array>
  const flush = (sink: Sink) => {
    const data = event.data.join('\n')
    if (data !== '') for (const said of plainEvents(event.name, data, speech)) send(said, sink)
    event = { name: '', data: [] }
  }
  const send = (data: string, sink: Sink) => sink.enqueue(encoder.encode(`data: ${data}\n\n`))
  const line = (text: string, sink: Sink) => {
    if (text === '') return flush(sink)
    if (text.startsWith('{')) {
      flush(sink)
      event.data.push(text)
      return flush(sink)
    }
    const [, field = '', value = ''] = /^([^:]*):? ?(.*)$/s.exec(text) ?? []
    if (field === 'event') event.name = value
    else if (field === 'data') event.data.push(value)
  }
  const take = (text: string, sink: Sink, isLast: boolean) => {
    rest += text
    // A `\r` at the very end may be half of a `\r\n`.
    const lines = rest.split(isLast ? /\r\n|\r|\n/ : /\r\n|\r(?!$)|\n/)
    rest = lines.pop() ?? ''
    for (const each of lines) line(each, sink)
  }
  return new TransformStream({
    transform: (chunk, sink) => {
      bytes += chunk.length
      if (bytes > limitBytes) throw new Error(`the model server sent more than ${limitBytes} bytes`)
      take(decoder.decode(chunk, { stream: true }), sink, false)
    },
    flush: (sink) => {
      take(decoder.decode(), sink, true)
      if (rest !== '') line(rest, sink)
      flush(sink)
    },
  })
}

/** The data of the events that say, in plain OpenAI, what this one says. */
function plainEvents(name: string, data: string, speech: { finished: boolean }): readonly string[] {
  if (data === '[DONE]') {
    // It ends an answer as surely as a finish reason, which some servers never give.
    if (speech.finished) return [data]
    return [JSON.stringify({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }), data]
  }
  const said = parse(data)
  if (name === 'error' || said === undefined || isError(said)) {
    speech.finished = true
    return [JSON.stringify({ error: { message: errorWords(said ?? data) } })]
  }
  const choices = choicesOf(said).map(plainChoice)
  if (choices.some((choice) => typeof choice.finish_reason === 'string')) speech.finished = true
  return [JSON.stringify({ choices, usage: isJson(said.usage) ? said.usage : undefined })]
}

function choicesOf(said: Json): readonly unknown[] {
  if (Array.isArray(said.choices)) return said.choices
  const message = isJson(said.message) ? said.message : { content: said.response }
  if (message.content === undefined) return []
  return [{ index: 0, delta: message, finish_reason: said.done === true ? 'stop' : null }]
}

function plainChoice(choice: unknown): Json {
  if (!isJson(choice)) return {}
  const delta = isJson(choice.delta) ? choice.delta : isJson(choice.message) ? choice.message : {}
  const reasoning = [delta.reasoning_content, delta.reasoning, delta.thinking].find(
    (text) => typeof text === 'string' && text !== '',
  )
  return {
    index: choice.index,
    finish_reason: choice.finish_reason ?? null,
    delta: {
      content: delta.content,
      reasoning_content: reasoning,
      refusal: delta.refusal,
      tool_calls: Array.isArray(delta.tool_calls) ? delta.tool_calls.map(plainCall) : undefined,
    },
  }
}

/** Ollama's own form has the arguments as an object. */
function plainCall(call: unknown, index: number): Json {
  if (!isJson(call)) return { index, function: {} }
  const inner = isJson(call.function) ? call.function : {}
  const text = isJson(inner.arguments) ? JSON.stringify(inner.arguments) : inner.arguments
  return { ...call, function: { ...inner, arguments: text } }
}

function isError(said: Json): boolean {
  if (said.error !== undefined && said.error !== null && said.error !== false) return true
  return said.detail !== undefined && said.choices === undefined && said.message === undefined
}

/** A sentence out of whatever a server calls its error; never `[object Object]`, never empty. */
export function errorWords(said: unknown): string {
  if (typeof said === 'string') {
    const inner = parse(said)
    return inner ? errorWords(inner) : said.trim() || 'the model server gave no reason'
  }
  if (Array.isArray(said)) return said.map(errorWords).join('; ') || 'the model server gave no reason'
  if (!isJson(said)) return 'the model server gave no reason'
  for (const inner of [said.error, said.message, said.detail, said.msg])
    if (inner !== undefined && inner !== null && inner !== '') return errorWords(inner)
  return JSON.stringify(said)
}

function parse(text: string): Json | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return isJson(value) ? value : undefined
  } catch {
    return undefined
  }
}

function isJson(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
