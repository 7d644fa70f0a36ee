/**
 * Milliseconds until the process's next beat: a whole multiple of `everyMs` on its clock, so at most that and one. Who looks about every
 * second does it at a beat, and all of them share one wake: on a machine that sleeps in between, a wake costs up to a millisecond of CPU,
 * whatever is then done.
 */
export function toBeat(everyMs: number): number {
  const now = performance.now()
  // A timer may be a millisecond early by this clock; that was the beat, then, and not the one before it.
  const beat = (Math.floor((now + 1) / everyMs) + 1) * everyMs
  // Node cuts what is less than a millisecond off: it would come too early, and have to come again.
  return Math.ceil(beat - now)
}

/** Calls at every beat until the function that it gives is called. */
export function atEachBeat(everyMs: number, act: () => void): () => void {
  let timer: NodeJS.Timeout
  const wait = () => {
    timer = setTimeout(() => {
      wait()
      act()
    }, toBeat(everyMs))
  }
  wait()
  return () => clearTimeout(timer)
}
