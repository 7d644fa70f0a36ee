import type { Sleeper } from './store.ts'

/**
 * Those who read one log. They stay until they leave: to come anew for each event would be a good part of what it costs. The first one is
 * not in a set, which would be three more objects to go through, and mostly there is no other.
 */
export class Waiters {
  #first: Sleeper | undefined = undefined
  #others: Set<Sleeper> | undefined = undefined

  get size(): number {
    return (this.#first ? 1 : 0) + (this.#others?.size ?? 0)
  }

  add(sleeper: Sleeper): void {
    if (this.#first === sleeper) return
    if (!this.#first && !this.#others?.has(sleeper)) this.#first = sleeper
    else {
      this.#others ??= new Set()
      this.#others.add(sleeper)
    }
  }

  delete(sleeper: Sleeper): boolean {
    if (this.#first !== sleeper) return this.#others?.delete(sleeper) === true
    this.#first = undefined
    return true
  }

  /** Wakes those for whom there is something, when the log has its chunks up to number `next`; or all of them. */
  wake(next = Number.POSITIVE_INFINITY): void {
    const first = this.#first
    if (first && first.next < next) first.wake()
    if (this.#others) for (const sleeper of this.#others) if (sleeper.next < next) sleeper.wake()
  }
}
