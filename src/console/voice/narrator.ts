import { Reading } from './reading.ts'
import type { Sentence } from './speaker.ts'

/** How far an answer was said. It outlives the page, so that a reload neither repeats nor forgets. */
export interface Place {
  readonly answer: string
  /** Sentences that were begun, and the last of them: a text that was taken back has others. */
  readonly count: number
  readonly last: string
  /** Nothing more of it is to be said. */
  readonly isOver: boolean
}

export interface PlaceKeeper {
  read(): Place | undefined
  keep(place: Place): void
}

/** Reads one answer out while it is being written. */
export class Narrator {
  readonly answer: string
  readonly #keeper: PlaceKeeper
  readonly #say: (sentence: Sentence) => void
  readonly #reading = new Reading()
  /** What was handed on to be said, from the first sentence of the answer on. */
  #given: string[] = []
  #from: Place | undefined
  #count = 0
  #last = ''
  #length: number | undefined
  #isOver = false

  constructor(answer: string, keeper: PlaceKeeper, say: (sentence: Sentence) => void) {
    this.answer = answer
    this.#keeper = keeper
    this.#say = say
    const place = keeper.read()
    if (place?.answer === answer) {
      this.#from = place
      this.#isOver = place.isOver
    } else {
      this.#keep()
    }
  }

  get isOver(): boolean {
    return this.#isOver
  }

  /** The answer as it is now; `isWhole` when no more of it comes. */
  update(text: string, isWhole: boolean): void {
    if (this.#isOver) return
    const sentences = this.#reading.update(text, isWhole)
    if (!this.#findPlace(sentences, isWhole)) return
    this.#length = isWhole ? sentences.length : undefined
    // Some of what was taken for the answer may turn out to have been a thought: only the new is said.
    const changed = this.#given.findIndex((sentence, at) => sentence !== sentences[at])
    if (changed >= 0) this.#given.length = changed
    for (const sentence of sentences.slice(this.#given.length)) {
      const number = this.#given.push(sentence)
      this.#say({ text: sentence, began: () => this.#began(number, sentence) })
    }
    if (isWhole && this.#count >= sentences.length) this.stop()
  }

  /** Nothing more of this answer, now or after a reload. */
  stop(): void {
    this.#isOver = true
    this.#keep()
  }

  #began(number: number, sentence: string): void {
    if (this.#isOver) return
    this.#count = number
    this.#last = sentence
    this.#isOver = number === this.#length
    this.#keep()
  }

  #keep(): void {
    const { answer } = this
    this.#keeper.keep({ answer, count: this.#count, last: this.#last, isOver: this.#isOver })
  }

  /** After a reload: where to go on. False while the text has not come that far again. */
  #findPlace(sentences: readonly string[], isWhole: boolean): boolean {
    const from = this.#from
    if (!from) return true
    if (sentences.length < from.count && !isWhole) return false
    this.#from = undefined
    const isThere = from.count === 0 || sentences[from.count - 1] === from.last
    this.#count = isThere ? from.count : sentences.lastIndexOf(from.last) + 1
    this.#last = from.last
    this.#given = sentences.slice(0, this.#count)
    return true
  }
}
