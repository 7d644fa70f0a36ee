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

export function keyOfPage(): string {
  return window.GHOST_API_KEY ?? ''
}
