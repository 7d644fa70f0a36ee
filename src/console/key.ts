declare global {
  interface Window {
    /** Put into the page by the gateway. */
    GHOST_API_KEY?: string
  }
}

/**
 * The address without the key, or undefined when there is none in it. The name is compared decoded: `?%6bey=` is
 * the same parameter.
 */
export function withoutKey(href: string): string | undefined {
  const url = new URL(href)
  if (!url.searchParams.has('key')) return undefined
  const kept = [...url.searchParams].filter(([name]) => name !== 'key')
  url.search = new URLSearchParams(kept).toString()
  return url.href
}

/** Before anything else: whoever looks at the address bar or the history must not find the key. */
export function dropKey(): void {
  const clean = withoutKey(location.href)
  if (clean !== undefined) history.replaceState(history.state, '', clean)
}

export function keyOfPage(): string {
  return window.GHOST_API_KEY ?? ''
}
