/** What may have killed a connection unnoticed, or brought the network back. */
export type Wake = 'online' | 'offline' | 'visible'

export function onWake(tell: (wake: Wake) => void, signal: AbortSignal): void {
  addEventListener('online', () => tell('online'), { signal })
  addEventListener('offline', () => tell('offline'), { signal })
  // A page that comes back from the cache of the browser has lost every connection it had.
  addEventListener('pageshow', (event) => event.persisted && tell('online'), { signal })
  document.addEventListener('visibilitychange', () => document.hidden || tell('visible'), { signal })
}
