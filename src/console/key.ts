import { withoutKey } from './address.ts'

declare global {
  interface Window {
    /** Put into the page by the gateway. */
    GHOST_API_KEY?: string
  }
}

/** Before anything else: whoever looks at the address bar or the history must not find the key. */
export function dropKey(): void {
  const clean = withoutKey(location.href)
  if (clean !== undefined) history.replaceState(history.state, '', clean)
}

/** Empty in the page that the service worker shows while the gateway is away: what is kept for that must not hold the key. */
export function keyOfPage(): string {
  return window.GHOST_API_KEY ?? ''
}
