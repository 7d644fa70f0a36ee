import { MAX_MESSAGES } from '../protocol.ts'
import type { WireMessage } from './exchange.ts'
import { takeApart } from './prose.ts'
import type { MessageRecord } from './record.ts'

/** Below the 10 MB that a gateway takes by default, with room for what JSON adds around it. */
export const MAX_BYTES = 9_000_000
const GO_ON = 'Go on exactly where your last answer stopped. Do not repeat what you have already said.'

/** What the agent is told of a conversation, and how many of its messages did not fit. */
export interface Transcript {
  readonly messages: readonly WireMessage[]
  readonly left: number
}

/** `continues`: the agent is asked to go on with the last answer instead of being asked something. */
export function transcript(records: readonly MessageRecord[], continues: boolean): Transcript {
  const all = records.flatMap((record, at) => {
    const next = records[at + 1]
    const isContinued = next ? next.role === 'assistant' && next.continues : continues
    return wire(record, isContinued)
  })
  if (continues) all.push({ role: 'user', content: GO_ON })
  return newest(all)
}

/** A failed answer is none, unless it was gone on with; and an empty one says nothing. */
function wire(record: MessageRecord, isContinued: boolean): WireMessage[] {
  if (record.role === 'user') return [{ role: 'user', content: record.text }]
  const { text } = takeApart(record.said.content, false)
  const asked: WireMessage[] = record.continues ? [{ role: 'user', content: GO_ON }] : []
  const isAnswer = text.trim() !== '' && (isContinued || record.ending?.kind !== 'failed')
  return isAnswer ? [...asked, { role: 'assistant', content: text }] : asked
}

/** The newest that fit, from a question on: an answer without its question means nothing to an agent. */
function newest(all: readonly WireMessage[]): Transcript {
  let from = all.length
  let size = 0
  while (from > 0 && all.length - from < MAX_MESSAGES) {
    size += bytes(all[from - 1])
    // The last one goes out whatever its size: the gateway says it better than silence.
    if (size > MAX_BYTES && from < all.length) break
    from -= 1
  }
  while (from > 0 && from < all.length - 1 && all[from]?.role === 'assistant') from += 1
  return { messages: all.slice(from), left: from }
}

const encoder = new TextEncoder()
const bytes = (message: WireMessage | undefined): number =>
  encoder.encode(JSON.stringify(message ?? '')).length + 1
