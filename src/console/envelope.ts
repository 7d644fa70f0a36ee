/** Three turns a second are the most that nobody is harmed by; this leaves a little room. */
const TURN_MS = 350

/** Follows a target with one pace up and another down, and never turns twice within `turnMs`, nor goes faster than `mostPerSecond`. */
export class Envelope {
  value: number
  readonly #upMs: number
  readonly #downMs: number
  readonly #turnMs: number
  readonly #mostPerMs: number
  #way = 0
  #turnedAt = Number.NEGATIVE_INFINITY

  constructor(
    value: number,
    upMs: number,
    downMs: number,
    turnMs = TURN_MS,
    mostPerSecond = Number.POSITIVE_INFINITY,
  ) {
    this.value = value
    this.#upMs = upMs
    this.#downMs = downMs
    this.#turnMs = turnMs
    this.#mostPerMs = mostPerSecond / 1_000
  }

  step(target: number, ms: number, now: number): number {
    const way = Math.sign(target - this.value)
    if (way === 0) return this.value
    if (way !== this.#way) {
      if (now - this.#turnedAt < this.#turnMs) return this.value
      this.#way = way
      this.#turnedAt = now
    }
    const step = (target - this.value) * (1 - Math.exp(-ms / (way > 0 ? this.#upMs : this.#downMs)))
    const most = this.#mostPerMs * ms
    this.value += Math.min(most, Math.max(-most, step))
    return this.value
  }
}
