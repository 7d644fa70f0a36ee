import type { Leaving } from './store.ts'

/** The readers that wait for one log to grow. Each has a place of its own: nobody can take another's wake-up. */
export class Waiters {
  #waiting = new Set<() => void>()

  /** Resolves at the next `wake`, when `ms` have passed, or on abort. */
  wait(ms: number, signal: Leaving): Promise<void> {
    if (signal.aborted) return Promise.resolve()
    return new Promise((resolve) => {
      const go = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', go)
        this.#waiting.delete(go)
        resolve()
      }
      const timer = setTimeout(go, ms)
      signal.addEventListener('abort', go)
      this.#waiting.add(go)
    })
  }

  wake(): void {
    if (this.#waiting.size > 0) for (const go of [...this.#waiting]) go()
  }
}
