import type { Clock } from './clock.ts'
import { isRecord } from './said.ts'

const NAME = 'ghost.tabs'
const ANSWER_MS = 300

/** What one tab says to the others. */
type Word =
  | { readonly say: 'changed' }
  /** Someone wants this conversation in another tab. */
  | { readonly say: 'wanted'; readonly id: string }
  /** It is being answered here, and stays. */
  | { readonly say: 'busy'; readonly id: string }
  | { readonly say: 'whose'; readonly id: string }
  | { readonly say: 'mine'; readonly id: string }

const WORDS = ['changed', 'wanted', 'busy', 'whose', 'mine']

/** The other tabs of this console in this browser. */
export class Tabs {
  readonly #channel = new BroadcastChannel(NAME)
  readonly #clock: Clock
  readonly #hearers = new Set<(word: Word) => void>()

  constructor(clock: Clock) {
    this.#clock = clock
    this.#channel.onmessage = ({ data }: MessageEvent<unknown>) => {
      if (!isRecord(data) || typeof data.say !== 'string' || !WORDS.includes(data.say)) return
      if (data.say !== 'changed' && typeof data.id !== 'string') return
      for (const hear of this.#hearers) hear(data as unknown as Word)
    }
  }

  say(word: Word): void {
    this.#channel.postMessage(word)
  }

  hear(hear: (word: Word) => void): () => void {
    this.#hearers.add(hear)
    return () => this.#hearers.delete(hear)
  }

  /** Whether another tab says that it has this conversation. Only for browsers without locks. */
  async has(id: string): Promise<boolean> {
    const said = new AbortController()
    const deaf = this.hear((word) => {
      if (word.say === 'mine' && word.id === id) said.abort()
    })
    this.say({ say: 'whose', id })
    await this.#clock.wait(ANSWER_MS, said.signal)
    deaf()
    return said.signal.aborted
  }
}
