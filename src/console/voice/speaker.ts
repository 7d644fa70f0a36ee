import type { Clock } from '../clock.ts'
import { NoVoice } from './novoice.ts'
import { within } from './within.ts'

/** Sound that is ready. */
export interface Clip {
  /** Resolves when the last of it was heard. When the signal says stop it is silent at once. */
  play(began: () => void, signal: AbortSignal): Promise<void>
}

/** Makes sound of words. */
export type Voice = (text: string, signal: AbortSignal) => Promise<Clip>

export interface Sentence {
  readonly text: string
  /** It is being heard. */
  readonly began: () => void
}

export interface SpeakerParts {
  readonly voice: Voice
  readonly clock: Clock
  /** What is being heard, or undefined when nothing is. */
  readonly heard: (text: string | undefined) => void
  /** The rest was dropped, and why. */
  readonly failed: (error: unknown) => void
}

const CLIP_MS = 20_000
const LATE = `the voice server gave no sound for ${CLIP_MS / 1_000} s`
const TRIES = 3
const PAUSE_MS = 600

interface Ahead {
  readonly sentence: Sentence
  readonly clip: Promise<Clip>
}

/** Says one sentence after the other, in order, and makes the sound of the next one while one is heard. */
export class Speaker {
  readonly #parts: SpeakerParts
  #queue: Sentence[] = []
  #ahead: Ahead | undefined
  #turn: AbortController | undefined
  #isHeard = false

  constructor(parts: SpeakerParts) {
    this.#parts = parts
  }

  /** Whether anything is heard or going to be. */
  get isBusy(): boolean {
    return this.#turn !== undefined
  }

  say(sentence: Sentence): void {
    this.#queue.push(sentence)
    if (this.#turn) return this.#prepare(this.#turn.signal)
    this.#turn = new AbortController()
    void this.#run(this.#turn)
  }

  /** Silence, now. What was queued and what is still on its way is dropped. */
  stop(): void {
    this.#turn?.abort()
    this.#end()
  }

  async #run(turn: AbortController): Promise<void> {
    const { signal } = turn
    try {
      for (;;) {
        this.#prepare(signal)
        const next = this.#ahead
        if (!next) break
        const clip = await next.clip
        if (signal.aborted) return
        this.#ahead = undefined
        this.#prepare(signal)
        await clip.play(() => this.#began(next.sentence, signal), signal)
        if (signal.aborted) return
      }
      this.#end()
    } catch (error) {
      if (signal.aborted) return
      turn.abort()
      this.#end()
      this.#parts.failed(error)
    }
  }

  #began({ text, began }: Sentence, signal: AbortSignal): void {
    if (signal.aborted) return
    this.#isHeard = true
    this.#parts.heard(text)
    began()
  }

  #end(): void {
    this.#queue = []
    this.#ahead = undefined
    this.#turn = undefined
    if (this.#isHeard) this.#parts.heard(undefined)
    this.#isHeard = false
  }

  #prepare(signal: AbortSignal): void {
    if (this.#ahead) return
    const sentence = this.#queue.shift()
    if (!sentence) return
    const clip = this.#make(sentence.text, signal)
    // It may fail while another is heard; whoever waits for it is told then.
    clip.catch(() => {})
    this.#ahead = { sentence, clip }
  }

  async #make(text: string, signal: AbortSignal): Promise<Clip> {
    const { clock, voice } = this.#parts
    for (let tries = 1; ; tries += 1) {
      try {
        return await within(clock, CLIP_MS, signal, (limit) => voice(text, limit), LATE)
      } catch (error) {
        if (signal.aborted || tries >= TRIES || error instanceof NoVoice) throw error
        await clock.wait(PAUSE_MS * tries, signal)
        signal.throwIfAborted()
      }
    }
  }
}
