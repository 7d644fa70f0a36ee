import type { TurnJournal } from './journal.ts'

export type FinishReason = 'stop' | 'length' | 'content_filter'

export interface Usage {
  readonly prompt_tokens: number
  readonly completion_tokens: number
  readonly total_tokens: number
}

/** One step of an answer as it is made. The last is always `finish`; a failure is thrown. */
export type Delta =
  | { readonly kind: 'text' | 'reasoning'; readonly text: string }
  | { readonly kind: 'call'; readonly index: number; readonly id: string; readonly name: string }
  | { readonly kind: 'arguments'; readonly index: number; readonly text: string }
  | { readonly kind: 'finish'; readonly reason: FinishReason; readonly usage: Usage | undefined }

/** A message as the caller sends it. Only its being an object is known. */
export interface Message {
  readonly role?: unknown
  readonly content?: unknown
}

/** One question and all that its answer may use. */
export interface Turn {
  readonly id: string
  readonly messages: readonly Message[]
  /** Every other member of the caller's body. */
  readonly settings: Readonly<Record<string, unknown>>
  readonly journal: TurnJournal
  /** Aborted when the turn is cancelled or nobody listens any more. */
  readonly signal: AbortSignal
}

/** What answers turns: the demo or a model. */
export interface Mind {
  readonly model: string
  answer(turn: Turn): AsyncGenerator<Delta, void, undefined>
  close(): Promise<void>
}

/** The words of a message, whether its content is a string or parts. */
export function textOf(message: Message | undefined): string {
  const content = message?.content
  if (typeof content === 'string') return content
  if (!Array.isArray(content)) return ''
  return content
    .map((part: unknown) => {
      const text = typeof part === 'object' && part !== null && 'text' in part ? part.text : ''
      return typeof text === 'string' ? text : ''
    })
    .join('')
}
