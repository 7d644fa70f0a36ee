/**
 * Milliseconds until the process's next beat: a whole multiple of `everyMs` on its clock, half to one and a half of them away. Whoever looks
 * about regularly does it then, so that all of them share one wake. On a machine that sleeps in between, a wake costs up to a millisecond of
 * CPU, and more than what is then done.
 */
export function toBeat(everyMs: number): number {
  const now = performance.now()
  const beat = Math.round(now / everyMs + 1) * everyMs
  // A timer of half a millisecond more than some comes that half too early, and then once more.
  return Math.ceil(beat - now)
}
