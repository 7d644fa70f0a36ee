const CHANNEL = 'ghost.leaving'

/** Each tab has the key in its memory: signed out is whoever has left them all. */
export function leaveAllTabs(): void {
  new BroadcastChannel(CHANNEL).postMessage('')
  location.replace('/')
}

export function onLeaving(signal: AbortSignal): void {
  const channel = new BroadcastChannel(CHANNEL)
  channel.onmessage = () => location.replace('/')
  signal.addEventListener('abort', () => channel.close())
}
