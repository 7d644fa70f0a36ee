import { Refusal } from './refusal.ts'

/** Lets so many in at once, so many more wait for their turn, and nobody else. */
export class Turnstile {
  readonly #places: number
  readonly #queue: number
  readonly #waiting = new Set<() => void>()
  #inside = 0
  #onEmpty: () => void = () => {}

  constructor(places: number, queue: number) {
    this.#places = places
    this.#queue = queue
  }

  /**
   * Does it when its turn comes.
   * @throws Refusal `voice_busy`; and the signal's reason, if its turn had not come by then
   */
  async pass<T>(act: () => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted()
    if (this.#inside < this.#places) this.#inside++
    else await this.#turn(signal)
    try {
      return await act()
    } finally {
      const [next] = this.#waiting
      if (next) next()
      else if (--this.#inside === 0) this.#onEmpty()
    }
  }

  /** Nobody is inside any more. */
  empty(): Promise<void> {
    return new Promise((resolve) => {
      this.#onEmpty = resolve
      if (this.#inside === 0) resolve()
    })
  }

  /** The place of whoever leaves goes to the one who has waited longest. */
  #turn(signal: AbortSignal): Promise<void> {
    if (this.#waiting.size >= this.#queue)
      throw new Refusal('voice_busy', 'too many are speaking already; try again in a moment')
    return new Promise((resolve, reject) => {
      const leave = () => {
        this.#waiting.delete(enter)
        reject(signal.reason)
      }
      const enter = () => {
        this.#waiting.delete(enter)
        signal.removeEventListener('abort', leave)
        resolve()
      }
      this.#waiting.add(enter)
      signal.addEventListener('abort', leave, { once: true })
    })
  }
}
