import type { End } from '../../../protocol.ts'
import type { Page } from '../store.ts'
import { Waiters } from '../waiters.ts'
import { behind, type Entry } from './entries.ts'
import type { Row } from './rows.ts'
import { Window } from './window.ts'

/** A task of another gateway that somebody here reads live. */
export class Followed {
  readonly id: string
  readonly waiters = new Waiters()
  /** Undefined until Redis has said how far the log is. */
  #window: Window | undefined
  #end: End | undefined
  /** It is of no use any more: who wants to know asks Redis. */
  #over = false
  /** When somebody here last wanted to know of it. */
  wantedAt = 0

  constructor(id: string) {
    this.id = id
  }

  get next(): number | undefined {
    return this.#window?.next
  }
  get end(): End | undefined {
    return this.#end
  }
  get bytes(): number {
    return this.#window?.bytes ?? 0
  }
  get live(): boolean {
    return this.#window !== undefined && this.#end === undefined && !this.#over
  }

  begin(row: Row): void {
    this.#window = new Window(row.chunks)
    this.#end = row.end
    this.#wake()
  }

  giveUp(): void {
    this.#over = true
    this.waiters.wake()
  }

  /** What came, behind what is here. An overlap is what an owner sent twice; a gap is what Redis has lost. */
  take(entries: readonly Entry[]): void {
    const window = this.#window
    if (!window || !this.live) return
    for (const entry of entries) {
      if (entry.end) {
        this.#end = entry.end
        break
      }
      const skip = window.next - (entry.chunks - entry.batch.count)
      if (skip < 0) return this.giveUp()
      if (skip < entry.batch.count) window.append(behind(entry.batch, skip))
    }
    this.#wake()
  }

  /** Whether a reader at `from` can go on, here or with what Redis has. */
  has(from: number): boolean {
    return this.#over || this.#end !== undefined || from < (this.next ?? 0)
  }

  /** Undefined: it is not here. */
  page(from: number): Page | undefined {
    const window = this.#window
    if (!window || this.#over || from < window.first) return undefined
    const page = from < window.next ? window.page(from) : { bytes: [], next: from }
    return this.#end && page.next >= window.next ? { ...page, end: this.#end } : page
  }

  #wake(): void {
    this.waiters.wake(this.#end ? undefined : this.next)
  }
}
