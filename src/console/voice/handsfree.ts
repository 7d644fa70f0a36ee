import type { Clock } from '../clock.ts'

/** What tells speech from noise. */
export interface Detector {
  /** Listens again; what was heard so far is forgotten. */
  resume(): void
  pause(): void
  level(): number
  /** Closes the microphone. */
  close(): void
}

export interface DetectorEvents {
  readonly began: () => void
  /** It was no speech after all. */
  readonly misfired: () => void
  readonly ended: (samples: Float32Array) => void
}

/** `resting`: it is not listening, because the voice speaks or words are being looked at. */
export type HandsFreeState = 'off' | 'loading' | 'waiting' | 'hearing' | 'resting'

export interface HandsFreeParts {
  readonly clock: Clock
  readonly open: (events: DetectorEvents, signal: AbortSignal) => Promise<Detector>
  readonly changed: (state: HandsFreeState) => void
  /** Somebody begins to speak: the voice stops. */
  readonly interrupted: () => void
  readonly heard: (samples: Float32Array) => void
  readonly told: (why: string) => void
}

/** The last of a sound is still in the room when the loudspeaker has ended. */
const ECHO_MS = 300

/** Listens without a hand on the page. By default it does not while the voice speaks, so that it never hears itself. */
export class HandsFree {
  readonly #parts: HandsFreeParts
  #state: HandsFreeState = 'off'
  #turn = new AbortController()
  #echo = new AbortController()
  #detector: Detector | undefined
  #isHeldBack = false

  constructor(parts: HandsFreeParts) {
    this.#parts = parts
  }

  get state(): HandsFreeState {
    return this.#state
  }

  level(): number {
    return this.#state === 'waiting' || this.#state === 'hearing' ? (this.#detector?.level() ?? 0) : 0
  }

  async on(): Promise<void> {
    if (this.#state !== 'off') return
    this.#turn = new AbortController()
    const { signal } = this.#turn
    this.#set('loading')
    try {
      const detector = await this.#parts.open(this.#events(signal), signal)
      // It was switched off while it came.
      if (signal.aborted) return detector.close()
      this.#detector = detector
      if (this.#isHeldBack) this.#rest()
      else this.#set('waiting')
    } catch (error) {
      if (signal.aborted) return
      this.off()
      this.#parts.told(error instanceof Error ? error.message : String(error))
    }
  }

  off(): void {
    this.#turn.abort()
    this.#echo.abort()
    this.#detector?.close()
    this.#detector = undefined
    this.#set('off')
  }

  /** Something speaks that it must not hear, or nothing any more. */
  holdBack(isHeldBack: boolean): void {
    if (isHeldBack === this.#isHeldBack) return
    this.#isHeldBack = isHeldBack
    this.#echo.abort()
    if (!this.#detector) return
    if (isHeldBack) return this.#rest()
    this.#echo = new AbortController()
    const { signal } = this.#echo
    void this.#parts.clock.wait(ECHO_MS, signal).then(() => {
      if (signal.aborted || !this.#detector) return
      this.#detector.resume()
      this.#set('waiting')
    })
  }

  #rest(): void {
    this.#detector?.pause()
    this.#set('resting')
  }

  #events(signal: AbortSignal): DetectorEvents {
    const isDeaf = () => signal.aborted || this.#state === 'resting' || this.#state === 'off'
    return {
      began: () => {
        if (isDeaf()) return
        this.#set('hearing')
        this.#parts.interrupted()
      },
      misfired: () => {
        if (!isDeaf()) this.#set('waiting')
      },
      ended: (samples) => {
        if (isDeaf()) return
        this.#set('waiting')
        this.#parts.heard(samples)
      },
    }
  }

  #set(state: HandsFreeState): void {
    if (state === this.#state) return
    this.#state = state
    this.#parts.changed(state)
  }
}
