import { isRecord, nothingSaid, type Said, type ToolCall } from './said.ts'

/** How an answer ended. It stays with the answer, on screen and in storage. */
export type Ending =
  | { readonly kind: 'done' }
  /** `agentWentOn`: the agent was told and said that there was nothing it could stop. */
  | { readonly kind: 'stopped'; readonly agentWentOn?: boolean }
  | {
      readonly kind: 'truncated' | 'failed' | 'interrupted' | 'incomplete'
      readonly type: string
      readonly message: string
    }

export interface Question {
  readonly role: 'user'
  readonly id: string
  readonly at: number
  readonly text: string
}

/** One answer as plain data: what was heard, how far the stream was read, and how it ended, always in step. */
export interface AnswerRecord {
  readonly role: 'assistant'
  readonly id: string
  readonly at: number
  /** Makes asking again harmless: the gateway joins what already runs under it. */
  readonly key: string
  /** It goes on with the answer before it. */
  continues: boolean
  /** It was asked for elsewhere, by nobody knows what question. */
  foreign: boolean
  /** How many earlier messages did not fit into the request. */
  left: number
  /** When the question was first put on the wire, and may have arrived; null while it certainly has not. */
  sentAt: number | null
  task: string | null
  /** The number of the chunk to come. */
  next: number
  /** Whether the chunks have numbers at all; without them a lost connection means hearing everything again. */
  numbered: boolean
  said: Said
  ending: Ending | null
  endedAt: number | null
}

export type MessageRecord = Question | AnswerRecord

export interface ConversationRecord {
  readonly id: string
  readonly title: string
  readonly createdAt: number
  readonly updatedAt: number
  /** A person gave it its title; no question changes it any more. */
  readonly named?: true
  /** The task of an answer that was still running when the conversation was left. */
  readonly runs?: string
  /** When it was deleted. Until the time to undo that is over, all of it is still there. */
  readonly goneAt?: number
}

export function newAnswer(id: string, key: string, at: number): AnswerRecord {
  return {
    role: 'assistant',
    id,
    at,
    key,
    continues: false,
    foreign: false,
    left: 0,
    sentAt: null,
    task: null,
    next: 0,
    numbered: false,
    said: nothingSaid(),
    ending: null,
    endedAt: null,
  }
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '')
const time = (value: unknown): number | null =>
  typeof value === 'number' && Number.isFinite(value) ? value : null
const word = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)

/** What storage holds may be old, foreign or damaged. Whatever is not a message is left out, whatever is stays. */
export function readMessage(value: unknown): MessageRecord | undefined {
  if (!isRecord(value)) return undefined
  const id = word(value.id)
  const at = time(value.at)
  if (id === null || at === null) return undefined
  if (value.role === 'user') return { role: 'user', id, at, text: text(value.text) }
  if (value.role !== 'assistant') return undefined
  const key = word(value.key)
  const next = time(value.next)
  const wasRead = key !== null && next !== null && Number.isInteger(next) && next >= 0 && isRecord(value.said)
  const record = newAnswer(id, key ?? id, at)
  record.said = readSaid(value.said)
  record.ending = readEnding(value.ending)
  record.endedAt = time(value.endedAt)
  record.continues = value.continues === true
  record.foreign = value.foreign === true
  record.left = time(value.left) ?? 0
  // An earlier version of this page did not say so; then it may have been sent at once.
  record.sentAt = value.sentAt === undefined ? at : time(value.sentAt)
  if (wasRead) {
    record.task = word(value.task)
    record.next = next
    record.numbered = value.numbered === true
  } else {
    record.ending ??= {
      kind: 'interrupted',
      type: 'Interrupted',
      message: 'the rest of this answer was not kept',
    }
  }
  return record
}

function readSaid(value: unknown): Said {
  if (!isRecord(value)) return nothingSaid()
  const failure = isRecord(value.failure) ? value.failure : null
  return {
    content: text(value.content),
    reasoning: text(value.reasoning),
    tools: Array.isArray(value.tools) ? value.tools.filter(isRecord).map(readTool) : [],
    finish: word(value.finish),
    done: value.done === true,
    failure: failure && { type: text(failure.type), message: text(failure.message) },
    firstAt: time(value.firstAt),
    spokeAt: time(value.spokeAt),
    loose: text(value.loose),
  }
}

function readTool(value: Record<string, unknown>): ToolCall {
  return { index: time(value.index), id: text(value.id), name: text(value.name), args: text(value.args) }
}

function readEnding(value: unknown): Ending | null {
  if (!isRecord(value)) return null
  const { kind, type, message } = value
  if (kind === 'done') return { kind }
  if (kind === 'stopped') return value.agentWentOn === true ? { kind, agentWentOn: true } : { kind }
  if (kind === 'truncated' || kind === 'failed' || kind === 'interrupted' || kind === 'incomplete')
    return { kind, type: text(type), message: text(message) }
  return null
}

export function readConversation(value: unknown): ConversationRecord | undefined {
  if (!isRecord(value)) return undefined
  const id = word(value.id)
  const createdAt = time(value.createdAt)
  const updatedAt = time(value.updatedAt)
  if (id === null || createdAt === null || updatedAt === null) return undefined
  const runs = word(value.runs)
  const goneAt = time(value.goneAt)
  return {
    id,
    title: text(value.title),
    createdAt,
    updatedAt,
    ...(value.named === true && { named: true }),
    ...(runs !== null && { runs }),
    ...(goneAt !== null && { goneAt }),
  }
}
