import type { Call } from './call.ts'
import { type Script, type Step, walk } from './upstream.ts'

/** Answers, as scripts. Each reads the whole request first, unless it says otherwise. */

export const json =
  (status: number, body: unknown, headers: Record<string, string> = {}): Script =>
  async (call) => {
    await call.read()
    call.head(status, { 'content-type': 'application/json', ...headers })
    call.end(typeof body === 'string' ? body : JSON.stringify(body))
  }

/** A properly ended body of pieces, each an HTTP chunk of its own, so that the reader sees them apart. */
export const pieces =
  (contentType: string, ...steps: readonly Step[]): Script =>
  async (call) => {
    await call.read()
    call.head(200, { 'content-type': contentType })
    await walk(call, steps, (bytes) => call.write(bytes))
    call.end()
  }

/** An event stream whose body ends properly. */
export const sse = (...steps: readonly Step[]): Script => pieces('text/event-stream', ...steps)

/** Exact bytes from the status line on. What happens to the connection is said by `fin`, `rst` or nothing. */
export const raw =
  (...steps: readonly Step[]): Script =>
  async (call) => {
    await call.read()
    await walk(call, steps, (bytes) => call.raw(bytes))
  }

export const fin = (call: Call) => call.fin()
export const rst = (call: Call) => call.rst()
/** Between two pieces: the first has been read before the second is sent. */
export const taken = (call: Call) => call.taken()

/** Takes the request and never says a word. */
export const silent: Script = async (call) => {
  await call.read()
  await call.closed
}

/** Goes on and on, until the other side has had enough. */
export const endless =
  (contentType: string): Script =>
  async (call) => {
    await call.read()
    call.head(200, { 'content-type': contentType })
    let left = false
    void call.closed.then(() => {
      left = true
    })
    while (!left) await call.write(Buffer.alloc(16_384))
  }

/** The head of a raw answer. */
export const head = (status: string, ...headers: readonly string[]) =>
  [`HTTP/1.1 ${status}`, ...headers, '', ''].join('\r\n')

/** An event stream that only the end of the connection ends. */
export const untilClose = (...steps: readonly Step[]): Script =>
  raw(head('200 OK', 'content-type: text/event-stream', 'connection: close'), ...steps)

/** One HTTP chunk on the wire. */
export const httpChunk = (text: string | Uint8Array) => {
  const bytes = Buffer.from(text as string)
  return Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])
}

const chunk = (delta: object, finish: string | null) =>
  `data: ${JSON.stringify({
    id: 'chatcmpl-1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'rig',
    choices: [{ index: 0, delta, finish_reason: finish }],
  })}\n\n`

/** A piece of an answer, as every OpenAI-compatible agent says it. */
export const delta = (text: string) => chunk({ content: text }, null)
export const stop = () => chunk({}, 'stop')
export const DONE = 'data: [DONE]\n\n'

/** A whole short answer. */
export const hello = sse(delta('hel'), delta('lo'), stop(), DONE)
