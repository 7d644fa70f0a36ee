import type { Clock } from '../clock.ts'
import { loudness, RATE } from './wav.ts'
import { within } from './within.ts'

/** An open microphone. Every way out of it closes it. */
export interface Microphone {
  level(): number
  /** How much was heard so far: less than the time it is open, where the browser is slow. */
  heardMs(): number
  /** Closes it, and gives what was heard, at 16 kHz. */
  take(): Promise<Float32Array>
  close(): void
}

/** What somebody said, from their own microphone to their own words. */
export type Hearing =
  | { readonly kind: 'closed' }
  /** `isKept`: it stays open when the button is let go. */
  | { readonly kind: 'opening'; readonly isKept: boolean }
  | { readonly kind: 'listening'; readonly isKept: boolean; readonly since: number }
  | { readonly kind: 'understanding' }
  /** `sendAt`: when it goes by itself; null while somebody corrects it. */
  | { readonly kind: 'checking'; readonly text: string; readonly sendAt: number | null }

export interface TalkParts {
  readonly clock: Clock
  readonly open: (signal: AbortSignal) => Promise<Microphone>
  readonly understand: (samples: Float32Array, signal: AbortSignal) => Promise<string>
  readonly changed: (hearing: Hearing) => void
  /** These words are to be sent. */
  readonly said: (text: string) => void
  /** A sentence for the person about why nothing came of it. */
  readonly told: (why: string) => void
  readonly isAtOnce: () => boolean
}

/** A press shorter than this is a tap. */
export const TAP_MS = 350
export const CHECK_MS = 3_500
const MOST_MS = 120_000
const LEAST_MS = 300
const OPEN_MS = 60_000
const UNDERSTAND_MS = 60_000
const TAP_AGAIN_MS = 10_000
/** Below this there was nobody. */
const QUIET = 0.12

/** Push to talk: from the press to the words that are sent. */
export class Talk {
  readonly #parts: TalkParts
  #turn = new AbortController()
  #hearing: Hearing = { kind: 'closed' }
  #microphone: Microphone | undefined
  #pressedAt = 0
  #tappedAt = Number.NEGATIVE_INFINITY

  constructor(parts: TalkParts) {
    this.#parts = parts
  }

  get hearing(): Hearing {
    return this.#hearing
  }

  level(): number {
    return this.#microphone?.level() ?? 0
  }

  heardMs(): number {
    return this.#microphone?.heardMs() ?? 0
  }

  press(): void {
    const { kind } = this.#hearing
    this.#pressedAt = this.#parts.clock.now()
    if (kind === 'listening') return void this.#finish()
    this.cancel()
    const isAgain = this.#pressedAt - this.#tappedAt < TAP_AGAIN_MS
    this.#tappedAt = Number.NEGATIVE_INFINITY
    void this.#listen(isAgain)
  }

  /** Lets go of the button. */
  release(): void {
    const hearing = this.#hearing
    const now = this.#parts.clock.now()
    if (hearing.kind === 'opening' && !hearing.isKept) {
      this.cancel()
      this.#tappedAt = now
      this.#parts.told('nothing was recorded: hold Talk while you speak, or tap it again to keep it on')
    } else if (hearing.kind === 'listening' && !hearing.isKept) {
      if (now - this.#pressedAt < TAP_MS) this.#set({ ...hearing, isKept: true })
      else void this.#finish()
    }
  }

  /** On and off in one act, for whoever cannot hold. */
  toggle(): void {
    if (this.#hearing.kind === 'opening') return this.cancel()
    if (this.#hearing.kind === 'listening') return void this.#finish()
    this.cancel()
    void this.#listen(true)
  }

  /** Closes whatever is open, and forgets what was said. */
  cancel(): void {
    this.#turn.abort()
    this.#microphone?.close()
    this.#microphone = undefined
    this.#set({ kind: 'closed' })
  }

  /** Somebody begins to correct the words: they wait. */
  hold(): void {
    if (this.#hearing.kind === 'checking') this.#set({ ...this.#hearing, sendAt: null })
  }

  /** These words, as they were heard or as they were corrected. */
  send(text: string): void {
    this.cancel()
    if (text.trim() !== '') this.#parts.said(text.trim())
  }

  /** Samples that somebody else cut out of a microphone. */
  async hear(samples: Float32Array): Promise<void> {
    this.cancel()
    await this.#understand(samples, this.#begin())
  }

  #begin(): AbortSignal {
    this.#turn.abort()
    this.#turn = new AbortController()
    return this.#turn.signal
  }

  async #listen(isKept: boolean): Promise<void> {
    const signal = this.#begin()
    const { clock, open, told } = this.#parts
    this.#set({ kind: 'opening', isKept })
    const opened = async (limit: AbortSignal) => {
      const microphone = await open(limit)
      // Whoever let go in the meantime wants it closed, however late it comes.
      if (limit.aborted) microphone.close()
      return microphone
    }
    try {
      const late = 'the browser did not open the microphone'
      const microphone = await within(clock, OPEN_MS, signal, opened, late)
      if (signal.aborted) return
      this.#microphone = microphone
      this.#set({ kind: 'listening', isKept, since: clock.now() })
    } catch (error) {
      if (signal.aborted) return
      this.cancel()
      return told(sentenceOf(error))
    }
    await clock.wait(MOST_MS, signal)
    if (!signal.aborted) await this.#finish()
  }

  async #finish(): Promise<void> {
    const microphone = this.#microphone
    if (!microphone) return
    this.#microphone = undefined
    const signal = this.#begin()
    this.#set({ kind: 'understanding' })
    const samples = await microphone.take().catch(() => new Float32Array())
    microphone.close()
    if (signal.aborted) return
    await this.#understand(samples, signal)
  }

  async #understand(samples: Float32Array, signal: AbortSignal): Promise<void> {
    const { clock, understand, told, isAtOnce } = this.#parts
    const fails = (why: string) => {
      this.cancel()
      told(why)
    }
    // Asked to write down silence, a model makes something up.
    if (samples.length < (RATE * LEAST_MS) / 1_000)
      return fails('that was too short to be heard: hold Talk while you speak')
    if (loudest(samples) < QUIET) return fails('nothing was heard: is the microphone muted?')
    if (this.#hearing.kind !== 'understanding') this.#set({ kind: 'understanding' })
    try {
      const hear = (limit: AbortSignal) => understand(samples, limit)
      const text = await within(clock, UNDERSTAND_MS, signal, hear, 'the voice server did not answer')
      if (signal.aborted) return
      if (text.trim() === '') return fails('no words were heard')
      if (isAtOnce()) return this.send(text)
      this.#set({ kind: 'checking', text: text.trim(), sendAt: clock.now() + CHECK_MS })
    } catch (error) {
      return signal.aborted ? undefined : fails(sentenceOf(error))
    }
    await clock.wait(CHECK_MS, signal)
    const hearing = this.#hearing
    if (!signal.aborted && hearing.kind === 'checking' && hearing.sendAt !== null) this.send(hearing.text)
  }

  #set(hearing: Hearing): void {
    if (hearing.kind === 'closed' && this.#hearing.kind === 'closed') return
    this.#hearing = hearing
    this.#parts.changed(hearing)
  }
}

/** The loudest tenth of a second: a word in a long silence is a word. */
function loudest(samples: Float32Array): number {
  let most = 0
  for (let at = 0; at < samples.length; at += RATE / 10)
    most = Math.max(most, loudness(samples.subarray(at, at + RATE / 10)))
  return most
}

function sentenceOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
