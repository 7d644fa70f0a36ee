import { type ConversationRecord, type MessageRecord, readMessage } from './record.ts'
import { isRecord } from './said.ts'
import { endingOf } from './verdict.ts'

const FORMAT = 'ghost conversations'
const MOST = 2_000
/** A file above this is not read at all: the browser would hold it three times over. */
export const MAX_ARCHIVE_BYTES = 100_000_000

export interface Kept {
  readonly conversation: ConversationRecord
  readonly messages: readonly MessageRecord[]
}

export interface Unpacked {
  readonly kept: readonly Kept[]
  /** How many messages were none, and how many conversations had nothing in them. */
  readonly leftOut: { readonly messages: number; readonly conversations: number }
}

/** Conversations as a file that this console reads again. */
export function pack(all: readonly Kept[]): string {
  const conversations = all.map(({ conversation, messages }) => {
    const { title, createdAt, updatedAt, named } = conversation
    return { title, createdAt, updatedAt, ...(named && { named }), messages }
  })
  return `${JSON.stringify({ format: FORMAT, version: 1, conversations }, null, 1)}\n`
}

/** Reads such a file. Everything in it gets a new name: it stands beside what is there, and replaces nothing. */
export function unpack(text: string, now: number, token: () => string): Unpacked {
  let data: unknown
  try {
    data = JSON.parse(text)
  } catch {
    throw new Error('it is not JSON')
  }
  if (!isRecord(data) || data.format !== FORMAT || !Array.isArray(data.conversations))
    throw new Error('it holds no conversations')
  const rows: unknown[] = data.conversations
  let messages = 0
  const kept = rows.slice(0, MOST).flatMap((row) => {
    const given: unknown[] = isRecord(row) && Array.isArray(row.messages) ? row.messages : []
    const read = given.map(readMessage).filter((message) => message !== undefined)
    messages += given.length - read.length
    if (!isRecord(row) || read.length === 0) return []
    return [{ conversation: about(row, now, token()), messages: read.map((it) => settled(it, token())) }]
  })
  return { kept, leftOut: { messages, conversations: rows.length - kept.length } }
}

function about(row: Record<string, unknown>, now: number, id: string): ConversationRecord {
  const time = (value: unknown) =>
    typeof value === 'number' && Number.isFinite(value) && value > 0 ? Math.min(value, now) : now
  const title = typeof row.title === 'string' ? row.title.slice(0, 200) : ''
  const [createdAt, updatedAt] = [time(row.createdAt), time(row.updatedAt)]
  return { id, title, createdAt, updatedAt, ...(row.named === true && { named: true }) }
}

/** What still ran when it was packed is not read on from here: it belongs to whoever asked. */
function settled(message: MessageRecord, id: string): MessageRecord {
  if (message.role === 'user') return { ...message, id }
  const ending = message.ending ?? endingOf('Forgotten', 'it was still running when this was exported')
  return { ...message, id, ending, task: null }
}
