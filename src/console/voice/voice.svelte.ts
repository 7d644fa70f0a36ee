import { clock } from '../clock.ts'
import type { Desk } from '../desk.svelte.ts'
import { amplitude, listening } from '../face/signal.ts'
import { voiceChoices } from './choices.svelte.ts'
import { Ears } from './ears.ts'
import { HandsFree, type HandsFreeState } from './handsfree.ts'
import { Narration } from './narration.svelte.ts'
import { NoVoice } from './novoice.ts'
import { type Hearing, Talk } from './talk.ts'

const MOST_UNHEARD = 5
/** A meter rises at once and falls slowly: a pause between two sounds is no silence. */
const FALL = 0.88

/** Everything that hears and speaks on this page. */
export class Voice {
  hearing = $state.raw<Hearing>({ kind: 'closed' })
  handsFree = $state<HandsFreeState>('off')
  /** 0 to 1: how loud the microphone is. */
  level = $state(0)
  /** Whole seconds of what somebody says. */
  heardS = $state(0)
  readonly narration: Narration
  readonly talk: Talk

  readonly #desk: Desk
  readonly #handsFree: HandsFree
  /** What was said hands-free while the words before it were still being understood. */
  #unheard: Float32Array[] = []
  #frame = 0

  /** `awaited`: the answer that it was loaded for. */
  constructor(desk: Desk, awaited?: string) {
    this.#desk = desk
    const told = (text: string) => {
      desk.notice = { kind: 'warning', text }
    }
    const ears = new Ears(desk.api)
    this.narration = new Narration({ desk, awaited, told, changed: () => this.#changed() })
    this.talk = new Talk({
      clock,
      open: (signal) => ears.open(signal),
      understand: async (samples, signal) => {
        try {
          return await ears.understand(samples, signal)
        } catch (error) {
          // What is cut out of the microphone can only be heard by a voice server.
          if (error instanceof NoVoice) this.#handsFree.off()
          throw error
        }
      },
      changed: (hearing) => {
        this.hearing = hearing
        this.#changed()
      },
      said: (text) => this.#send(text),
      told,
      isAtOnce: () => voiceChoices.current.isAtOnce,
    })
    this.#handsFree = new HandsFree({
      clock,
      open: async (events, signal) => (await import('./detector.ts')).openDetector(events, signal),
      changed: (state) => {
        this.handsFree = state
        this.#changed()
      },
      // Who speaks comes first, also before the first sound of an answer.
      interrupted: () => this.narration.isBusy && this.narration.hush(),
      heard: (samples) => {
        if (this.#unheard.push(samples) > MOST_UNHEARD) this.#unheard.shift()
        this.#hearNext()
      },
      told,
    })
    // A page that is put away keeps no microphone.
    addEventListener('pagehide', () => {
      this.talk.cancel()
      this.#handsFree.off()
    })
  }

  press(): void {
    this.narration.hush()
    this.narration.unlock()
    this.talk.press()
  }

  toggle(): void {
    this.narration.hush()
    this.narration.unlock()
    this.talk.toggle()
  }

  toggleHandsFree(): void {
    this.narration.unlock()
    if (this.#handsFree.state === 'off') void this.#handsFree.on()
    else this.#handsFree.off()
  }

  /** Whether there is anything for Escape to end. */
  get isActive(): boolean {
    return this.narration.isBusy || this.hearing.kind !== 'closed'
  }

  escape(): void {
    this.#unheard = []
    this.narration.hush()
    this.talk.cancel()
  }

  #send(text: string): void {
    this.narration.expect(text)
    if (this.#desk.conversation?.say(text) === false)
      this.#desk.notice = { kind: 'warning', text: 'no more messages can wait: let the answer end first' }
  }

  #changed(): void {
    const isSpeaking = this.narration.sentence !== undefined && !voiceChoices.current.isInterruptible
    const { kind } = this.hearing
    this.#handsFree.holdBack(isSpeaking || (kind !== 'closed' && kind !== 'understanding'))
    this.#hearNext()
    listening(this.#isListening)
    if (this.#frame === 0) this.#frame = requestAnimationFrame(() => this.#follow())
  }

  #hearNext(): void {
    if (this.hearing.kind !== 'closed') return
    const samples = this.#unheard.shift()
    if (samples) void this.talk.hear(samples)
  }

  get #isListening(): boolean {
    return this.hearing.kind === 'listening' || this.handsFree === 'waiting' || this.handsFree === 'hearing'
  }

  /** How loud it is, frame by frame, as long as there is anything to follow. */
  #follow(): void {
    const isSpeaking = this.narration.sentence !== undefined
    const level = Math.max(this.talk.level(), this.#handsFree.level())
    this.level = this.#isListening ? Math.max(level, this.level * FALL) : 0
    this.heardS = Math.floor(this.talk.heardMs() / 1_000)
    if (this.#isListening) amplitude('microphone', this.level)
    if (isSpeaking) amplitude('speech', this.narration.level())
    this.#frame = this.#isListening || isSpeaking ? requestAnimationFrame(() => this.#follow()) : 0
  }
}
