import { Envelope } from '../envelope.ts'
import type { Drawn } from './picture.ts'

const LEAVES_MS = 520
const GATHERS_MS = 1_100
/** Past this, no point is where it was drawn, and another picture may take its place unseen. */
const ALL_GONE = 0.985

/** How much of the face is graph now, and which face the rest of it is: one face becomes another by way of the graph. */
export class Dissolve {
  form: Drawn | 'graph'
  drawn: Drawn
  readonly #scatter: Envelope

  constructor(form: Drawn | 'graph') {
    this.form = form
    this.drawn = form === 'graph' ? 'face' : form
    this.#scatter = new Envelope(form === 'graph' ? 1 : 0, LEAVES_MS, GATHERS_MS, 0)
  }

  /** 0 is all face, 1 is all graph. */
  get scatter(): number {
    return this.#scatter.value
  }

  /** True when another face is to be drawn from now on. `part` is how much graph the mood wants. */
  step(part: number, ms: number, now: number): boolean {
    const isAnother = this.form !== 'graph' && this.form !== this.drawn
    // A little beyond the end, for an envelope comes near to its target and never to it.
    this.#scatter.step(this.form === 'graph' || isAnother ? 1.02 : part, ms, now)
    this.#scatter.value = Math.min(1, this.#scatter.value)
    return isAnother && this.scatter > ALL_GONE && this.#draw()
  }

  /** The end of it at once, for a picture that stands still; true as with `step`. */
  jump(): boolean {
    this.#scatter.value = this.form === 'graph' ? 1 : 0
    return this.form !== 'graph' && this.form !== this.drawn && this.#draw()
  }

  #draw(): boolean {
    if (this.form !== 'graph') this.drawn = this.form
    return true
  }
}
