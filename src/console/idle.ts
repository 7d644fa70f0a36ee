const LOADS_WITHIN_MS = 2_000
const PAINTS_WITHIN_MS = 10_000

/** After the first paint, and then when nothing else is to be done. */
export function whenIdle(act: () => void, signal: AbortSignal): void {
  let isPainted = false
  const start = () => !signal.aborted && act()
  const painted = () => {
    if (isPainted) return
    isPainted = true
    observer.disconnect()
    if ('requestIdleCallback' in window) requestIdleCallback(start, { timeout: LOADS_WITHIN_MS })
    else setTimeout(start, 300)
  }
  const observer = new PerformanceObserver((list) => {
    if (list.getEntriesByName('first-contentful-paint').length > 0) painted()
  })
  observer.observe({ type: 'paint', buffered: true })
  // A browser that tells of no paint has painted by then.
  setTimeout(painted, PAINTS_WITHIN_MS)
}
