import { Log } from '../log.ts'
import { type Batch, PAGE_BYTES, type Page } from '../store.ts'

/** Half of what a window holds when it is full. */
const GENERATION_BYTES = 128 << 10

/**
 * The newest chunks of a log that another gateway writes, for the readers here. It forgets the older half when it is full; who is
 * further behind reads from Redis.
 */
export class Window {
  #older = { log: new Log(), first: 0 }
  #newer: { log: Log; first: number }

  constructor(first: number) {
    this.#newer = { log: new Log(), first }
    this.#older.first = first
  }

  /** Number of the first chunk that is here. */
  get first(): number {
    return this.#older.first
  }
  /** Number of the chunk that comes next. */
  get next(): number {
    return this.#newer.first + this.#newer.log.chunks
  }
  get bytes(): number {
    return this.#older.log.bytes + this.#newer.log.bytes
  }

  append(batch: Batch): void {
    if (this.#newer.log.bytes >= GENERATION_BYTES) {
      this.#older = this.#newer
      this.#newer = { log: new Log(), first: this.next }
    }
    this.#newer.log.append(batch, batch.count)
  }

  /** From chunk `from`, which must not be before the first. */
  page(from: number): Page {
    const { log, first } = from < this.#newer.first ? this.#older : this.#newer
    const page = log.page(from - first, PAGE_BYTES)
    return { ...page, next: page.next + first }
  }
}
