import type { Answer } from '../answer.svelte.ts'
import { clock } from '../clock.ts'
import type { Desk } from '../desk.svelte.ts'
import { voiceChoices } from './choices.svelte.ts'
import { Loudspeaker } from './loudspeaker.ts'
import { Narrator } from './narrator.ts'
import { NoVoice } from './novoice.ts'
import { places } from './places.ts'
import { Speaker } from './speaker.ts'
import { Tongue } from './tongue.ts'

const MOST_EXPECTED = 20

export interface NarrationParts {
  readonly desk: Desk
  /** The answer that is to be spoken even if it has ended by now. */
  readonly awaited: string | undefined
  readonly told: (text: string) => void
  readonly changed: () => void
}

/** Reads answers out: which ones, and how far. */
export class Narration {
  /** The sentence that is being heard. */
  sentence = $state<string | undefined>(undefined)
  /** Sound waits for somebody to touch the page. */
  isMuted = $state(false)

  readonly #desk: Desk
  readonly #loudspeaker: Loudspeaker
  readonly #speaker: Speaker
  #narrator: Narrator | undefined
  #expected: readonly string[] = []
  readonly #awaited: string | undefined
  #isVoiceless = false

  constructor({ desk, awaited, told, changed }: NarrationParts) {
    this.#desk = desk
    this.#awaited = awaited
    this.#loudspeaker = new Loudspeaker(clock, (isMuted) => {
      this.isMuted = isMuted
    })
    this.#speaker = new Speaker({
      voice: new Tongue(desk.api, this.#loudspeaker, clock, told).voice,
      clock,
      heard: (sentence) => {
        this.sentence = sentence
        changed()
      },
      failed: (error) => {
        this.hush()
        this.#isVoiceless = error instanceof NoVoice
        const why = error instanceof Error ? error.message : String(error)
        told(this.#isVoiceless ? `answers are not spoken: ${why}` : `the voice stopped: ${why}`)
      },
    })
    $effect.root(() => {
      $effect(() => this.#update())
    })
  }

  get isBusy(): boolean {
    return this.#speaker.isBusy
  }

  level(): number {
    return this.sentence === undefined ? 0 : this.#loudspeaker.level()
  }

  /** Inside of a touch: what is said later may be heard. */
  unlock(): void {
    this.#loudspeaker.unlock()
  }

  /** The answer to these words is wanted by ear. */
  expect(words: string): void {
    this.#expected = [...this.#expected, words].slice(-MOST_EXPECTED)
  }

  /** Silence, and nothing more of this answer. */
  hush(): void {
    this.#narrator?.stop()
    this.#speaker.stop()
  }

  #update(): void {
    const answer = this.#answerToSpeak()
    if (this.#narrator && this.#narrator.answer !== answer?.id) {
      // Another question, or another conversation: what is left of the answer before is not said any more.
      this.hush()
      this.#narrator = undefined
    }
    if (!answer) return
    this.#narrator ??= this.#narratorOf(answer)
    this.#narrator.update(answer.text, !answer.running)
  }

  #answerToSpeak(): Answer | undefined {
    const messages = this.#desk.conversation?.messages ?? []
    const { spoken } = voiceChoices.current
    const answer = messages.at(-1)
    if (answer?.role !== 'assistant' || this.#isVoiceless) return undefined
    if (answer.id === this.#narrator?.answer) return answer
    const place = places.read()
    if (place?.answer === answer.id) return place.isOver ? undefined : answer
    if (answer.id === this.#awaited) return answer
    const question = messages.at(-2)
    const isExpected = question?.role === 'user' && this.#expected.includes(question.text)
    return answer.running && (spoken === 'always' || (spoken === 'after voice' && isExpected))
      ? answer
      : undefined
  }

  #narratorOf(answer: Answer): Narrator {
    // What an earlier page began tells nothing about how long this one took.
    let isMeasured = places.read()?.answer === answer.id
    let sentenceAt: number | undefined
    return new Narrator(answer.id, places, ({ text, began }) => {
      sentenceAt ??= clock.now()
      const first = sentenceAt
      this.#speaker.say({
        text,
        began: () => {
          began()
          const now = clock.now()
          if (!isMeasured)
            voiceChoices.firstSound = { sinceQuestionMs: now - answer.at, sinceSentenceMs: now - first }
          isMeasured = true
        },
      })
    })
  }
}
