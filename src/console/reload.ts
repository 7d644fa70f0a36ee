const KEY = 'ghost.reloaded'
const REST_MS = 5_000

/** Loads the page anew, but not again and again where half of the gateway is back and the page itself is not. */
export function reloadOnce(now: number): void {
  try {
    if (now - Number(sessionStorage.getItem(KEY) ?? 0) < REST_MS) return
    sessionStorage.setItem(KEY, String(now))
  } catch {
    // Where nothing can be remembered the rounds of the connection are rest enough.
  }
  location.reload()
}
