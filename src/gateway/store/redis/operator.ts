import { doubts } from './settings.ts'

/** Who runs the gateway. Is told what is wrong with Redis once, and once that it is over. */
export class Operator {
  readonly #say: (line: string) => void
  readonly #shown: string
  #worried = false
  #warned = false

  constructor(say: (line: string) => void, shown: string) {
    this.#say = say
    this.#shown = shown
  }

  worry(trouble: string | undefined): void {
    if (this.#worried || trouble === undefined) return
    this.#worried = true
    this.#say(`${trouble}: new chats are refused until that is over, and what runs goes on from memory`)
  }

  comfort(): void {
    if (this.#worried) this.#say(`Redis at ${this.#shown} works again`)
    this.#worried = false
  }

  /** `info` is what Redis says of itself. */
  warn(info: string): void {
    if (this.#warned) return
    this.#warned = true
    const doubt = doubts(info)
    if (doubt !== undefined) this.#say(`Redis at ${this.#shown}: ${doubt}`)
  }
}
