import type { Desk } from '../desk.svelte.ts'
import { voiceChoices } from './choices.svelte.ts'
import { places } from './places.ts'
import type { Voice } from './voice.svelte.ts'

/** The way to everything that hears and speaks, which comes when it is first wanted. */
export class VoiceDoor {
  voice = $state.raw<Voice | undefined>(undefined)
  readonly #desk: Desk
  #loading: Promise<Voice> | undefined
  /** An answer that may have ended by the time there is a voice for it. */
  #awaited: string | undefined

  constructor(desk: Desk) {
    this.#desk = desk
  }

  get desk(): Desk {
    return this.#desk
  }

  /** At once when it is there: a press must not have to wait for its turn. */
  with(act: (voice: Voice) => void): void {
    if (this.voice) return act(this.voice)
    this.load().then(act, () => {
      this.#loading = undefined
      this.#desk.notice = { kind: 'failure', text: 'voice could not be loaded: is the gateway there?' }
    })
  }

  /** Loads it, too, for an answer that is to be spoken and that nobody has pressed a button for. */
  watch(): void {
    const last = this.#desk.conversation?.messages.at(-1)
    if (this.voice || last?.role !== 'assistant') return
    const place = places.read()
    if (place?.answer === last.id ? place.isOver : !last.running || voiceChoices.current.spoken !== 'always')
      return
    this.#awaited = last.id
    this.with(() => {})
  }

  load(): Promise<Voice> {
    this.#loading ??= import('./voice.svelte.ts').then(({ Voice }) => {
      this.voice = new Voice(this.#desk, this.#awaited)
      return this.voice
    })
    return this.#loading
  }
}
