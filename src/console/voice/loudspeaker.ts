import type { Clock } from '../clock.ts'
import type { Clip } from './speaker.ts'
import { loudness } from './wav.ts'

/** Browsers have lost the end of a sound before; nobody waits for it longer than this. */
const LOST_END_MS = 1_500
const TOUCH_MS = 120_000
const GESTURES = ['pointerup', 'click', 'keydown', 'touchend'] as const

/** Where clips are heard. A page may make no sound before somebody has touched it. */
export class Loudspeaker {
  readonly #clock: Clock
  readonly #muted: (isMuted: boolean) => void
  #context: AudioContext | undefined
  #analyser: AnalyserNode | undefined
  #wave = new Float32Array(1_024)

  /** `muted` tells whether sound waits for somebody to touch the page. */
  constructor(clock: Clock, muted: (isMuted: boolean) => void) {
    this.#clock = clock
    this.#muted = muted
    for (const gesture of GESTURES)
      addEventListener(gesture, () => this.unlock(), { capture: true, passive: true })
  }

  /** Inside of a touch or a key press this makes later sounds possible. */
  unlock(): void {
    if (this.#context && this.#context.state !== 'running') void this.#context.resume()
  }

  level(): number {
    if (!this.#analyser) return 0
    this.#analyser.getFloatTimeDomainData(this.#wave)
    return loudness(this.#wave)
  }

  async clip(bytes: ArrayBuffer): Promise<Clip> {
    const { context, analyser } = this.#open()
    const buffer = await context.decodeAudioData(bytes)
    return { play: (began, signal) => this.#play(context, analyser, buffer, began, signal) }
  }

  #open(): { context: AudioContext; analyser: AnalyserNode } {
    if (this.#context && this.#analyser) return { context: this.#context, analyser: this.#analyser }
    const context = new AudioContext()
    const analyser = new AnalyserNode(context, { fftSize: 1_024, smoothingTimeConstant: 0 })
    analyser.connect(context.destination)
    this.#context = context
    this.#analyser = analyser
    return { context, analyser }
  }

  async #play(
    context: AudioContext,
    analyser: AnalyserNode,
    buffer: AudioBuffer,
    began: () => void,
    signal: AbortSignal,
  ): Promise<void> {
    await this.#awake(context, signal)
    if (signal.aborted) return
    const source = new AudioBufferSourceNode(context, { buffer })
    source.connect(analyser)
    const over = new AbortController()
    const stop = () => {
      source.stop()
      source.disconnect()
      over.abort()
    }
    signal.addEventListener('abort', stop)
    source.onended = () => over.abort()
    source.start()
    began()
    await this.#clock.wait(buffer.duration * 1_000 + LOST_END_MS, over.signal)
    signal.removeEventListener('abort', stop)
    source.disconnect()
  }

  /** Resolves when sound can be heard. */
  async #awake(context: AudioContext, signal: AbortSignal): Promise<void> {
    if (context.state === 'running') return
    const awake = new AbortController()
    const look = () => context.state === 'running' && awake.abort()
    const stop = () => awake.abort()
    context.addEventListener('statechange', look)
    signal.addEventListener('abort', stop)
    void context.resume()
    await this.#clock.wait(300, awake.signal)
    if (!awake.signal.aborted) {
      this.#muted(true)
      await this.#clock.wait(TOUCH_MS, awake.signal)
      this.#muted(false)
    }
    context.removeEventListener('statechange', look)
    signal.removeEventListener('abort', stop)
    if (!awake.signal.aborted) throw new Error('the browser plays no sound before the page is touched')
  }
}
