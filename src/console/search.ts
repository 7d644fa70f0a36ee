import { takeApart } from './prose.ts'
import type { ConversationRecord, MessageRecord } from './record.ts'
import type { Shelf } from './shelf.ts'

const MOST_FOUND = 50
const MOST_READ = 20_000_000
const BEFORE = 24
const LINE = 140

/** A conversation that has what is looked for. */
export interface Found {
  readonly id: string
  /** Where in its messages; nothing, when its title has it. */
  readonly context: string
}

export interface Search {
  readonly found: readonly Found[]
  /** There may be more: the search ended at its limit. */
  readonly isCut: boolean
}

/** Looks through titles and messages, newest first. Undefined when the signal said stop. */
export async function search(
  shelf: Pick<Shelf, 'messages'>,
  conversations: readonly ConversationRecord[],
  query: string,
  signal: AbortSignal,
): Promise<Search | undefined> {
  const words = wordsIn(query)
  const found: Found[] = []
  let read = 0
  for (const { id, title } of conversations) {
    if (found.length >= MOST_FOUND || read > MOST_READ) return { found, isCut: true }
    if (fits(title, words)) {
      found.push({ id, context: '' })
      continue
    }
    // One that cannot be read hides none of the others.
    const messages = await shelf.messages(id).catch(() => [])
    if (signal.aborted) return undefined
    read += messages.reduce((sum, message) => sum + textOf(message).length, 0)
    const hit = messages.map(textOf).find((text) => fits(text, words))
    if (hit !== undefined) found.push({ id, context: contextOf(hit, words) })
  }
  return { found, isCut: false }
}

export function wordsIn(query: string): readonly string[] {
  return query
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
}

function fits(text: string, words: readonly string[]): boolean {
  const low = text.toLowerCase()
  return words.every((word) => low.includes(word))
}

function textOf(message: MessageRecord): string {
  return message.role === 'user' ? message.text : takeApart(message.said.content, false).text
}

/** The words around the first one that was looked for, on one line. */
export function contextOf(text: string, words: readonly string[]): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  const places = words.map((word) => line.toLowerCase().indexOf(word)).filter((place) => place >= 0)
  const first = places.length === 0 ? 0 : Math.min(...places)
  const from = first <= BEFORE ? 0 : line.lastIndexOf(' ', first - BEFORE) + 1 || first - BEFORE
  const part = line.slice(from, from + LINE)
  return `${from > 0 ? '…' : ''}${part}${from + LINE < line.length ? '…' : ''}`
}
