import type { Sleeper } from './store.ts'

/**
 * Those who read one log, and the number that each waits for. They stay until they leave: to come anew for each event would be a good
 * part of what it costs.
 */
export class Waiters {
  readonly #all = new Map<Sleeper, number>()

  get size(): number {
    return this.#all.size
  }

  set(sleeper: Sleeper, from: number): void {
    this.#all.set(sleeper, from)
  }

  delete(sleeper: Sleeper): boolean {
    return this.#all.delete(sleeper)
  }

  /** Wakes those for whom there is something, when the log has its chunks up to number `next`; or all of them. */
  wake(next = Number.POSITIVE_INFINITY): void {
    for (const [sleeper, from] of this.#all) if (from < next) sleeper.wake()
  }
}
