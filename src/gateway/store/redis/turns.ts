import type { Owned } from './owned.ts'

/** Behind these are only such that had their turn: time to let go of them. */
const OVER = 1024

/**
 * Who has something that Redis does not, each once, in the order they came. A Set would do as well, but one that is emptied and filled
 * this often lays its table out anew a hundred times a second, and of those the old keep the new alive until the collector looks
 * through all of the heap.
 */
export class Turns {
  #all: Owned[] = []
  #at = 0

  add(entry: Owned): void {
    if (entry.turn === 'waits') return
    entry.turn = 'waits'
    this.#all.push(entry)
  }

  drop(entry: Owned): void {
    entry.turn = 'none'
  }

  /** Somebody waits. One who was dropped counts until the others have had their turn. */
  get isAny(): boolean {
    return this.#at < this.#all.length
  }

  /** Whose turn it is now. */
  next(): Owned | undefined {
    while (this.isAny) {
      const entry = this.#all[this.#at++]
      if (this.#at >= OVER) {
        this.#all.splice(0, this.#at)
        this.#at = 0
      }
      if (entry?.turn !== 'waits') continue
      entry.turn = 'runs'
      return entry
    }
    this.#all = []
    this.#at = 0
    return undefined
  }

  /** It has had its turn; unless something is left it waits no more. */
  over(entry: Owned, isDone: boolean): void {
    if (entry.turn !== 'runs') return
    entry.turn = 'none'
    if (!isDone) this.add(entry)
  }

  waiting(): readonly Owned[] {
    return this.#all.filter((entry) => entry.turn === 'waits')
  }
}
