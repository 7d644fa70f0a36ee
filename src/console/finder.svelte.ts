import type { Clock } from './clock.ts'
import type { ConversationRecord } from './record.ts'
import { type Search, search } from './search.ts'
import type { Shelf } from './shelf.ts'

const PAUSE_MS = 180

/** What is looked for in all conversations, and what was found. */
export class Finder {
  query = $state('')
  /** Undefined: nothing is looked for, or it is not there yet. */
  result = $state.raw<Search | undefined>(undefined)
  readonly #shelf: Shelf
  readonly #clock: Clock
  readonly #all: () => readonly ConversationRecord[]
  #looking = new AbortController()

  constructor(shelf: Shelf, clock: Clock, all: () => readonly ConversationRecord[]) {
    this.#shelf = shelf
    this.#clock = clock
    this.#all = all
  }

  /** Looks when the typing pauses. */
  async look(query: string): Promise<void> {
    this.query = query
    this.#looking.abort()
    this.#looking = new AbortController()
    const { signal } = this.#looking
    if (query.trim() === '') {
      this.result = undefined
      return
    }
    await this.#clock.wait(PAUSE_MS, signal)
    if (signal.aborted) return
    const result = await search(this.#shelf, this.#all(), query, signal)
    if (result && !signal.aborted) this.result = result
  }
}
