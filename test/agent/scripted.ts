import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Rig, startRig } from './rig.ts'

export interface Asked {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: {
    readonly model: string
    readonly stream: boolean
    readonly temperature?: number
    readonly max_tokens?: number
    readonly tools: readonly { readonly function: { readonly name: string } }[]
    readonly messages: readonly {
      readonly role: string
      readonly content: unknown
      readonly tool_calls?: unknown
    }[]
  }
  /** When the caller's connection closed. */
  readonly closed: Promise<void>
}

/** Answers one request: the bytes of an event stream, or by hand. */
export type Line = string | ((response: ServerResponse) => void)

export interface ScriptedModel {
  readonly url: string
  readonly asked: readonly Asked[]
  [Symbol.asyncDispose](): Promise<void>
}

/** An OpenAI-compatible server that says its lines one request after the other, whatever it is asked. */
export async function startModel(...lines: readonly Line[]): Promise<ScriptedModel> {
  const asked: Asked[] = []
  const server = createServer(async (request, response) => {
    const parts: Buffer[] = []
    for await (const part of request) parts.push(part)
    const closed = new Promise<void>((resolve) => response.once('close', resolve))
    const body = JSON.parse(Buffer.concat(parts).toString('utf8'))
    const line = lines[asked.length] ?? lines.at(-1) ?? ''
    asked.push({ path: request.url ?? '', headers: request.headers, body, closed })
    if (typeof line !== 'string') return line(response)
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end(line)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** A chunk of one choice as an event. */
export function say(delta: object, finish: string | null = null): string {
  return event({
    id: 'x',
    object: 'chat.completion.chunk',
    choices: [{ index: 0, delta, finish_reason: finish }],
  })
}

export function event(data: object): string {
  return `data: ${JSON.stringify(data)}\n\n`
}

export const DONE = 'data: [DONE]\n\n'

/** A tool call in pieces, as OpenAI sends them. */
export function call(index: number, name: string, ...args: readonly string[]): string {
  const head = { index, id: `call_${index}`, type: 'function', function: { name, arguments: '' } }
  const rest = args.map((part) => say({ tool_calls: [{ index, function: { arguments: part } }] }))
  return say({ role: 'assistant', content: null, tool_calls: [head] }) + rest.join('')
}

export const LLM_KEY = 'the-key-of-the-model'

/** An agent in front of a model that has its lines by heart. */
export interface Both {
  readonly model: ScriptedModel
  readonly rig: Rig
  [Symbol.asyncDispose](): Promise<void>
}

export async function startBoth(...lines: readonly Line[]): Promise<Both> {
  const model = await startModel(...lines)
  const rig = await startRig({ llm: { url: model.url, model: 'scripted', key: LLM_KEY } })
  return {
    model,
    rig,
    async [Symbol.asyncDispose]() {
      await rig[Symbol.asyncDispose]()
      await model[Symbol.asyncDispose]()
    },
  }
}

/** The beginning of an answer: two words, no end. */
export const HELLO =
  say({ role: 'assistant', content: '' }) + say({ content: 'hel' }) + say({ content: 'lo' })
