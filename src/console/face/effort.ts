const LOOK_AT = 24

/** How many points this device can draw in time: fewer when frames come late, never more again in this visit. */
export class Effort {
  count: number
  /** There is nothing left to leave away, and frames still come late. */
  isSpent = false
  readonly #least: number
  #frames = 0
  #lateMs = 0

  constructor(count: number, least: number) {
    this.count = count
    this.#least = least
  }

  /** True when there are fewer from now on. */
  took(sinceMs: number, dueMs: number): boolean {
    this.#frames += 1
    this.#lateMs += Math.min(400, Math.max(0, sinceMs - dueMs))
    if (this.#frames < LOOK_AT) return false
    const isLate = this.#lateMs / this.#frames > dueMs * 0.6
    this.#frames = 0
    this.#lateMs = 0
    if (!isLate) return false
    this.isSpent = this.count <= this.#least
    if (this.isSpent) return false
    this.count = Math.max(this.#least, Math.round(this.count * 0.65))
    return true
  }
}
