/** Time and chance, so that a test can own both. */
export interface Clock {
  now(): number
  random(): number
  /** Resolves when the time is up or the signal says stop; never rejects. */
  wait(ms: number, signal: AbortSignal): Promise<void>
}

export const clock: Clock = {
  now: () => Date.now(),
  random: () => Math.random(),
  wait: (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve()
      const done = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        resolve()
      }
      const timer = setTimeout(done, ms)
      signal.addEventListener('abort', done)
    }),
}

/** How long to wait before the next try: twice as long each time, never above `mostMs`, and never in step with others. */
export function backOff(tries: number, mostMs: number, random: number): number {
  return Math.min(mostMs, 500 * 2 ** Math.min(tries, 20)) * (0.5 + random / 2)
}
