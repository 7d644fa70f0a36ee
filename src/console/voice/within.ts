import type { Clock } from '../clock.ts'

/**
 * What takes longer than it may, or is not wanted any more, is told so by its signal and given up at once: one that does not listen
 * must not keep anybody waiting.
 */
export async function within<T>(
  clock: Clock,
  ms: number,
  signal: AbortSignal,
  act: (signal: AbortSignal) => Promise<T>,
  late: string,
): Promise<T> {
  const limit = new AbortController()
  const over = new AbortController()
  const stop = () => limit.abort(new Error('not wanted any more'))
  const givenUp = new Promise<never>((_, reject) =>
    limit.signal.addEventListener('abort', () => reject(limit.signal.reason)),
  )
  givenUp.catch(() => {})
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop)
  void clock.wait(ms, over.signal).then(() => {
    if (!over.signal.aborted) limit.abort(new Error(late))
  })
  try {
    return await Promise.race([act(limit.signal), givenUp])
  } finally {
    signal.removeEventListener('abort', stop)
    over.abort()
  }
}
