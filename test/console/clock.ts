import { setImmediate as turn } from 'node:timers/promises'
import type { Clock } from '../../src/console/clock.ts'

/** Time that passes when a test says so. */
export class HandClock implements Clock {
  #now = 1_000_000
  #waits = new Set<{ readonly until: number; readonly done: () => void }>()

  now(): number {
    return this.#now
  }

  random(): number {
    return 1
  }

  wait(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      if (signal.aborted) return resolve()
      const wait = {
        until: this.#now + ms,
        done: () => {
          this.#waits.delete(wait)
          resolve()
        },
      }
      this.#waits.add(wait)
      signal.addEventListener('abort', wait.done)
    })
  }

  /** Lets time pass, then lets everything that it woke come to rest. */
  async pass(ms: number): Promise<void> {
    const end = this.#now + ms
    await settled()
    for (;;) {
      const next = [...this.#waits].filter((wait) => wait.until <= end).sort((a, b) => a.until - b.until)[0]
      if (!next) break
      this.#now = Math.max(this.#now, next.until)
      next.done()
      await settled()
    }
    this.#now = end
  }
}

/** Streams and promises of one process need no time, only turns. */
export async function settled(): Promise<void> {
  for (let turns = 0; turns < 10; turns += 1) await turn()
}
