import { isRecord } from './said.ts'
import { token } from './token.ts'

/** A message that waits for the answer before it. Its name becomes that of the question. */
export interface Queued {
  readonly id: string
  readonly at: number
  readonly text: string
}

/** Where a queue survives a reload: the browser's local storage, or nothing. */
export type Pocket = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>

const NAME = 'ghost.queue.'
const MOST = 50
const FRESH_MS = 3_600_000

/** What is to be said next, in order. */
export class Queue {
  items = $state.raw<readonly Queued[]>([])
  /** Kept for so long that it is not sent without being asked for. */
  stale = $state(false)
  readonly #name: string
  readonly #pocket: Pocket | undefined

  constructor(conversation: string, pocket: Pocket | undefined, now: number, asked: ReadonlySet<string>) {
    this.#name = NAME + conversation
    this.#pocket = pocket
    // The page may have ended after a message was asked and before it was taken from here.
    this.items = this.#read().filter((item) => !asked.has(item.id))
    this.stale = this.items.some((item) => now - item.at > FRESH_MS)
  }

  /** False when there is no room. */
  add(text: string, at: number): boolean {
    if (this.items.length >= MOST) return false
    this.items = [...this.items, { id: token(), at, text }]
    this.keep()
    return true
  }

  remove(id: string): void {
    this.items = this.items.filter((item) => item.id !== id)
    if (this.items.length === 0) this.stale = false
    this.keep()
  }

  /** Takes the first away. It stays in the pocket until `keep`, when it is safe elsewhere. */
  next(): Queued | undefined {
    const [first, ...rest] = this.items
    this.items = rest
    return first
  }

  set(items: readonly Queued[]): void {
    this.items = items
    this.stale = false
    this.keep()
  }

  keep(): void {
    try {
      if (this.items.length === 0) this.#pocket?.removeItem(this.#name)
      else this.#pocket?.setItem(this.#name, JSON.stringify(this.items))
    } catch {
      // A full storage costs the queue after a reload, never what is on the page.
    }
  }

  #read(): Queued[] {
    try {
      const rows: unknown = JSON.parse(this.#pocket?.getItem(this.#name) ?? '[]')
      return (Array.isArray(rows) ? rows : []).filter(isQueued)
    } catch {
      return []
    }
  }
}

function isQueued(row: unknown): row is Queued {
  return (
    isRecord(row) && typeof row.id === 'string' && typeof row.text === 'string' && typeof row.at === 'number'
  )
}

/** For a conversation that is no more. */
export function dropQueue(conversation: string, pocket: Pocket | undefined): void {
  try {
    pocket?.removeItem(NAME + conversation)
  } catch {
    // A browser that forbids it has kept none.
  }
}

/** A page without permission to keep anything throws at the very name. */
export function pocketOfPage(): Pocket | undefined {
  try {
    return localStorage
  } catch {
    return undefined
  }
}
