const KEY = 'face-points'
const HOLDS_MS = 7 * 86_400_000

/** What this device could draw when it was here last, but at most `most`. After a week it may try again. */
export function recallPoints(least: number, most: number, now: number): number {
  try {
    const [count, at] = (localStorage.getItem(KEY) ?? '').split(' ').map(Number)
    if (!count || at === undefined || !(now - at < HOLDS_MS)) return most
    return Math.min(most, Math.max(least, Math.round(count)))
  } catch {
    return most
  }
}

export function rememberPoints(count: number, now: number): void {
  try {
    localStorage.setItem(KEY, `${count} ${now}`)
  } catch {
    // A browser that keeps nothing finds out again.
  }
}
