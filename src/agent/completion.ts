import type { Delta, FinishReason, Usage } from './delta.ts'

/** OpenAI's `chat.completion` of one turn: as chunks while it is made, or whole. */
export interface Completion {
  /** The first event. */
  readonly opening: string
  /** The events, none or more, that tell one delta. */
  events(delta: Delta): string
  /** The plain JSON of an answer that is over. */
  whole(deltas: readonly Delta[]): object
}

export const DONE = 'data: [DONE]\n\n'

export function completion(turn: string, model: string, createdS: number): Completion {
  const head = { id: `chatcmpl-${turn}`, created: createdS, model }
  const chunk = (delta: object, finish: FinishReason | null = null) =>
    event({
      ...head,
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta, finish_reason: finish }],
    })
  const usageChunk = (usage: Usage) => event({ ...head, object: 'chat.completion.chunk', choices: [], usage })
  return {
    opening: chunk({ role: 'assistant', content: '' }),
    events(delta) {
      switch (delta.kind) {
        case 'text':
          return chunk({ content: delta.text })
        case 'reasoning':
          return chunk({ reasoning_content: delta.text })
        case 'call':
          return chunk({ tool_calls: [openCall(delta.index, delta.id, delta.name)] })
        case 'arguments':
          return chunk({ tool_calls: [{ index: delta.index, function: { arguments: delta.text } }] })
        case 'finish':
          return chunk({}, delta.reason) + (delta.usage ? usageChunk(delta.usage) : '')
      }
    },
    whole(deltas) {
      const calls = new Map<number, ReturnType<typeof openCall>>()
      let content = ''
      let reasoning = ''
      let finish: Extract<Delta, { kind: 'finish' }> | undefined
      for (const delta of deltas) {
        if (delta.kind === 'text') content += delta.text
        else if (delta.kind === 'reasoning') reasoning += delta.text
        else if (delta.kind === 'call') calls.set(delta.index, openCall(delta.index, delta.id, delta.name))
        else if (delta.kind === 'finish') finish = delta
        else if (delta.kind === 'arguments') {
          const call = calls.get(delta.index)
          if (call) call.function.arguments += delta.text
        }
      }
      const message = {
        role: 'assistant',
        content,
        ...(reasoning && { reasoning_content: reasoning }),
        ...(calls.size > 0 && { tool_calls: [...calls.values()] }),
      }
      return {
        ...head,
        object: 'chat.completion',
        choices: [{ index: 0, message, finish_reason: finish?.reason ?? 'stop' }],
        ...(finish?.usage && { usage: finish.usage }),
      }
    },
  }
}

/** A failure after the first byte, as the last event of a stream. */
export function failure(message: string, type: string): string {
  return event({ error: { message, type } })
}

function openCall(index: number, id: string, name: string) {
  return { index, id, type: 'function', function: { name, arguments: '' } }
}

function event(data: object): string {
  return `data: ${JSON.stringify(data)}\n\n`
}
