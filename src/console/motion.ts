const REDUCED = '(prefers-reduced-motion: reduce)'
const CHANGED = 'ghost:motion'

/** Whether the page is to keep still: the device says so, or it was chosen in the settings. */
export function isStill(): boolean {
  return matchMedia(REDUCED).matches || document.documentElement.dataset.motion === 'less'
}

/** The settings have shown another choice. */
export function motionChanged(): void {
  dispatchEvent(new Event(CHANGED))
}

export function onMotion(tell: () => void, signal: AbortSignal): void {
  matchMedia(REDUCED).addEventListener('change', tell, { signal })
  addEventListener(CHANGED, tell, { signal })
}
