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
