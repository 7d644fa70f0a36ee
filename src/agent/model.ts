import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { APICallError, stepCountIs, streamText, tool } from 'ai'
import { Agent as Pool, fetch as pooledFetch } from 'undici'
import type { Delta, FinishReason, Mind, Turn, Usage } from './delta.ts'
import { errorWords, plainSpeech } from './dialect.ts'
import { readHistory } from './history.ts'
import { inWords } from './journal.ts'
import { Refusal } from './refusal.ts'
import { runTool, TOOLS } from './tools.ts'
import type { Workspace } from './workspace.ts'

const STEPS = 12
const CONNECT_MS = 10_000
/** A model may think for long before its first word and between two; the gateway's own limit is the same. */
const SILENCE_MS = 1_800_000
const REASON_CHARACTERS = 400

// The SDK prints its warnings otherwise, into what may be somebody's terminal.
Object.assign(globalThis, { AI_SDK_LOG_WARNINGS: false })

export interface ModelOptions {
  /** `http://host:11434`, its `/v1`, or any path that `/chat/completions` is added to. */
  readonly url: string
  readonly model: string
  readonly key: string | undefined
}

/** A model behind an OpenAI-compatible server, with tools on the workspace. */
export function connectModel(options: ModelOptions, workspace: Workspace): Mind {
  const pool = new Pool({
    headersTimeout: SILENCE_MS,
    bodyTimeout: SILENCE_MS,
    connect: { timeout: CONNECT_MS },
  })
  const provider = createOpenAICompatible({
    name: 'model',
    baseURL: baseUrl(options.url),
    includeUsage: true,
    fetch: plainFetch(pool),
    ...(options.key !== undefined && { apiKey: options.key }),
  })
  const model = provider(options.model)
  return {
    model: options.model,
    close: () => pool.destroy(),
    async *answer(turn) {
      const result = streamText({
        model,
        ...readHistory(turn.messages),
        ...settingsOf(turn.settings),
        tools: toolsFor(turn, workspace),
        stopWhen: stepCountIs(STEPS),
        abortSignal: turn.signal,
        // What may have arrived is not asked twice; the person decides whether to try again.
        maxRetries: 0,
        // Errors come as parts; the default would also print them.
        onError: () => {},
      })
      yield* deltasOf(result.fullStream, turn, options)
    },
  }
}

/** The parts of `fullStream` that matter here. */
type Part =
  | { readonly type: 'start-step' | 'abort' }
  | { readonly type: 'text-delta' | 'reasoning-delta'; readonly text: string }
  | { readonly type: 'tool-input-start'; readonly id: string; readonly toolName: string }
  | { readonly type: 'tool-input-delta'; readonly id: string; readonly delta: string }
  | { readonly type: 'error'; readonly error: unknown }
  | { readonly type: 'finish'; readonly finishReason: string; readonly totalUsage: TokenUsage }
interface TokenUsage {
  readonly inputTokens: number | undefined
  readonly outputTokens: number | undefined
}

async function* deltasOf(
  parts: AsyncIterable<Part | { readonly type: string }>,
  turn: Turn,
  options: ModelOptions,
): AsyncGenerator<Delta, void, undefined> {
  // Some servers number their calls anew in every step, so an id means the newest call of that id.
  const calls = new Map<string, number>()
  const told = new Set<string>()
  const open = (id: string, name: string): Delta => {
    const index = told.size
    const unique = told.has(id) ? `${id}-${index}` : id
    calls.set(id, index)
    told.add(unique)
    return { kind: 'call', index, id: unique, name }
  }
  let step = 0
  let spokeIn = 0
  for await (const each of parts) {
    const part = each as Part
    switch (part.type) {
      case 'start-step':
        if (++step > 1)
          turn.journal.tell('🧠', 'PLANNER MONOLOGUE', `step ${step}: thinking about the results`)
        break
      case 'reasoning-delta':
        yield { kind: 'reasoning', text: part.text }
        break
      case 'text-delta':
        // What is said before and after a tool are two paragraphs.
        yield { kind: 'text', text: spokeIn > 0 && spokeIn < step ? `\n\n${part.text}` : part.text }
        spokeIn = step
        break
      case 'tool-input-start':
        yield open(part.id, part.toolName)
        break
      case 'tool-input-delta':
        yield { kind: 'arguments', index: calls.get(part.id) ?? 0, text: part.delta }
        break
      case 'abort':
        turn.signal.throwIfAborted()
        break
      case 'error':
        throw refusalOf(part.error, options)
      case 'finish':
        yield* ending(part.finishReason, usageOf(part.totalUsage))
    }
  }
}

function* ending(reason: string, usage: Usage | undefined): Generator<Delta> {
  if (reason === 'tool-calls')
    yield { kind: 'text', text: `\n\n(stopped after ${STEPS} steps; say “go on” to continue)` }
  const told: FinishReason =
    reason === 'content-filter'
      ? 'content_filter'
      : reason === 'length' || reason === 'tool-calls'
        ? 'length'
        : 'stop'
  yield { kind: 'finish', reason: told, usage }
}

function usageOf({ inputTokens, outputTokens }: TokenUsage): Usage | undefined {
  if (inputTokens === undefined || outputTokens === undefined) return undefined
  return {
    prompt_tokens: inputTokens,
    completion_tokens: outputTokens,
    total_tokens: inputTokens + outputTokens,
  }
}

function toolsFor(turn: Turn, workspace: Workspace) {
  return Object.fromEntries(
    TOOLS.map((it) => [
      it.name,
      tool({
        description: it.description,
        inputSchema: it.input,
        execute: (input: unknown) => runTool(it, input, workspace, turn.journal),
      }),
    ]),
  )
}

function settingsOf(settings: Turn['settings']) {
  const number = (name: string) => (typeof settings[name] === 'number' ? settings[name] : undefined)
  const temperature = number('temperature')
  const topP = number('top_p')
  const maxOutputTokens = number('max_tokens') ?? number('max_completion_tokens')
  return {
    ...(temperature !== undefined && { temperature }),
    ...(topP !== undefined && { topP }),
    ...(maxOutputTokens !== undefined && { maxOutputTokens }),
  }
}

/** A server's bare address means its `/v1`; any path is taken as it is. */
function baseUrl(given: string): string {
  const url = new URL(given)
  const path = url.pathname.replace(/\/+$/, '').replace(/\/chat\/completions$/, '')
  return url.origin + (path || '/v1')
}

function plainFetch(pool: Pool): typeof fetch {
  // The same standard twice: undici's types and Node's differ in name only.
  const asked = pooledFetch as unknown as (input: unknown, init: object) => Promise<Response>
  return async (input, init) => {
    const answer = await asked(input, { ...init, dispatcher: pool })
    if (!answer.ok || !answer.body) return answer
    return new Response(answer.body.pipeThrough(plainSpeech()), {
      status: answer.status,
      headers: { 'content-type': 'text/event-stream' },
    })
  }
}

/** Why the model server did not answer, in words, without its key. */
function refusalOf(error: unknown, { url, key }: ModelOptions): Refusal {
  const safe = (text: string) => (key ? text.replaceAll(key, '[key]') : text).slice(0, REASON_CHARACTERS)
  if (!APICallError.isInstance(error)) {
    const words = error instanceof Error ? inWords(error) : errorWords(error)
    return new Refusal('model_error', safe(words), { cause: error })
  }
  const { statusCode: status, responseBody } = error
  if (status === undefined)
    return new Refusal(
      'model_unreachable',
      safe(`no answer from the model server at ${new URL(url).origin}: ${inWords(error)}`),
    )
  const code =
    status === 401 || status === 403 ? 'model_refused' : status === 429 ? 'model_busy' : 'model_error'
  return new Refusal(
    code,
    safe(`the model server answered ${status}: ${errorWords(responseBody || error.message)}`),
  )
}
