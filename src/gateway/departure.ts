import type { Leaving } from './store/store.ts'

/** That a reader has gone, once and for good: what is needed of an AbortController, which would be a twentieth of all that a silent stream costs. */
export class Departure implements Leaving {
  #acts: readonly (() => void)[] = []
  #gone = false

  get aborted(): boolean {
    return this.#gone
  }

  addEventListener(_: 'abort', act: () => void): void {
    if (!this.#gone) this.#acts = [...this.#acts, act]
  }

  removeEventListener(_: 'abort', act: () => void): void {
    this.#acts = this.#acts.filter((it) => it !== act)
  }

  abort(): void {
    const acts = this.#acts
    this.#gone = true
    this.#acts = []
    for (const act of acts) act()
  }
}
