/** This many of the newest messages are there at once, and always laid out. */
export const NEAR = 30
const MORE = 10
const IDLE_MS = 250

/** A long conversation comes onto the page from its end, a few messages whenever there is time. */
export class Unroll {
  /** The first message that is on the page. */
  from = $state(0)

  constructor(length: number) {
    this.from = Math.max(0, length - NEAR)
  }

  go(): (() => void) | undefined {
    if (this.from === 0) return undefined
    const more = () => {
      this.from = Math.max(0, this.from - MORE)
    }
    // Safari has no idle time to tell of.
    if (!('requestIdleCallback' in window)) {
      const timer = setTimeout(more, 30)
      return () => clearTimeout(timer)
    }
    const idle = requestIdleCallback(more, { timeout: IDLE_MS })
    return () => cancelIdleCallback(idle)
  }
}
