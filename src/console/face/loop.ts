/** What the loop needs of a browser. */
export interface Frames {
  request(tell: (now: number) => void): number
  cancel(id: number): void
}

/** Draws at most so many frames a second, and none while it rests. */
export class Loop {
  readonly #frames: Frames
  readonly #draw: (now: number, sinceMs: number) => void
  #everyMs = 1_000 / 30
  #id: number | undefined
  #drawnAt: number | undefined

  constructor(frames: Frames, draw: (now: number, sinceMs: number) => void) {
    this.#frames = frames
    this.#draw = draw
  }

  get isRunning(): boolean {
    return this.#id !== undefined
  }

  rate(framesPerSecond: number): void {
    this.#everyMs = 1_000 / framesPerSecond
  }

  run(): void {
    if (this.#id !== undefined) return
    this.#drawnAt = undefined
    this.#id = this.#frames.request(this.#tick)
  }

  rest(): void {
    if (this.#id !== undefined) this.#frames.cancel(this.#id)
    this.#id = undefined
  }

  readonly #tick = (now: number): void => {
    this.#id = this.#frames.request(this.#tick)
    const since = this.#drawnAt === undefined ? this.#everyMs : now - this.#drawnAt
    // A screen's own frames come a little early or late.
    if (since < this.#everyMs - 4) return
    this.#drawnAt = now
    this.#draw(now, since)
  }
}

const LOOK_AT = 24

/** How many points this device can draw in time: fewer when frames come late, never more again. */
export class Effort {
  count: number
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
    if (!isLate || this.count <= this.#least) return false
    this.count = Math.max(this.#least, Math.round(this.count * 0.65))
    return true
  }
}
