import { Envelope } from './envelope.ts'
import type { LineClass } from './logclass.ts'

/** What happens that a face can show. */
export type Happening =
  | { readonly kind: 'asked' | 'spoke' | 'chunk' | 'warned' }
  | { readonly kind: 'line'; readonly of: LineClass }
  | { readonly kind: 'ended'; readonly how: 'done' | 'stopped' | 'failed' }

/** How it is right now. Every number moves smoothly, from 0 to 1. */
export interface Look {
  /** How much goes on. */
  readonly energy: number
  /** From dust to a face. */
  readonly gather: number
  /** How much of it is a graph: it thinks in all directions. */
  readonly graph: number
  /** From cyan to ice: hands are at work. */
  readonly keen: number
  /** From cyan to magenta: it is you who speak, or are waited for. */
  readonly you: number
  /** From cyan to amber: something is not as it should be. */
  readonly caution: number
  /** Something failed. */
  readonly spike: number
  /** How bright; the only number that may become light, and it turns at most three times a second. */
  readonly glow: number
  /** How loud it speaks, and how loud it hears you; for movement, never for light. */
  readonly voice: number
  readonly ear: number
}

/** From dark to light takes more than a second, whatever happens. */
const GLOW_A_SECOND = 0.8
const STEP_MS = 40
const AWAY_MS = 6_000
const SPIKE_EVERY_MS = 4_000
const OUTSIDE_MS = 8_000
const WARNED_MS = 3_500

interface Feeling {
  readonly push: number
  readonly keen: number
  /** How much of the face goes into the graph while it lasts. */
  readonly graph: number
  /** How long it stays visible, whatever of less weight comes next. */
  readonly dwellMs: number
  readonly weight: number
}

/** A thought comes with every second line: it must not hide that a tool runs. */
const FEELINGS: Readonly<Record<LineClass, Feeling>> = {
  error: { push: 0.2, keen: 0, graph: 0.3, dwellMs: 3_000, weight: 6 },
  tool: { push: 0.16, keen: 0.8, graph: 0.52, dwellMs: 4_500, weight: 5 },
  memory: { push: 0.14, keen: 0.45, graph: 0.46, dwellMs: 3_000, weight: 4 },
  plan: { push: 0.1, keen: 0.3, graph: 0.4, dwellMs: 2_000, weight: 3 },
  accent: { push: 0.12, keen: 0.15, graph: 0.3, dwellMs: 1_400, weight: 2 },
  think: { push: 0.08, keen: 0.05, graph: 0.36, dwellMs: 600, weight: 1 },
  idle: { push: 0, keen: 0, graph: 0.26, dwellMs: 800, weight: 0 },
}

/** The mood of the agent, out of what can be known of it. Knows no screen and no clock of its own. */
export class Mood {
  isRunning = false
  isTroubled = false
  isListening = false
  /** 0 to 1, from the loudspeaker and from the microphone. */
  speech = 0
  microphone = 0

  #now: number
  #activity = 0
  #shock = 0
  #shockedAt = Number.NEGATIVE_INFINITY
  #hasSpoken = false
  #outsideUntil = Number.NEGATIVE_INFINITY
  #warnedUntil = Number.NEGATIVE_INFINITY
  #feeling = FEELINGS.idle
  #feelingUntil = Number.NEGATIVE_INFINITY

  readonly #energy = new Envelope(0, 450, 1_600)
  readonly #gather = new Envelope(0, 1_300, 2_400)
  readonly #graph = new Envelope(0, 1_100, 1_700)
  readonly #keen = new Envelope(0, 700, 1_800)
  readonly #you = new Envelope(0, 380, 900)
  readonly #caution = new Envelope(0, 600, 1_800)
  readonly #spike = new Envelope(0, 280, 2_200)
  readonly #glow = new Envelope(0, 320, 900, undefined, GLOW_A_SECOND)
  readonly #voice = new Envelope(0, 70, 180, 0)
  readonly #ear = new Envelope(0, 90, 260, 0)

  constructor(now: number) {
    this.#now = now
  }

  hear(happening: Happening, now: number): void {
    switch (happening.kind) {
      case 'asked':
        this.#hasSpoken = false
        return this.#push(0.3)
      case 'spoke':
        this.#hasSpoken = true
        return this.#push(0.25)
      case 'chunk':
        this.#hasSpoken = true
        return this.#push(0.03)
      case 'warned':
        this.#warnedUntil = now + WARNED_MS
        return this.#push(0.1)
      case 'ended':
        this.#hasSpoken = false
        if (happening.how === 'failed') this.#fail(now)
        return this.#push(happening.how === 'done' ? 0.18 : 0.05)
      case 'line':
        return this.#line(happening.of, now)
    }
  }

  /** How it looks now. Time that nobody looked at is made up for, but not all of a long night. */
  at(now: number): Look {
    let left = Math.min(Math.max(0, now - this.#now), AWAY_MS)
    let time = now - left
    this.#now = Math.max(this.#now, now)
    while (left > 0) {
      const ms = Math.min(left, STEP_MS)
      time += ms
      left -= ms
      this.#step(ms, time)
    }
    return {
      energy: this.#energy.value,
      gather: this.#gather.value,
      graph: this.#graph.value,
      keen: this.#keen.value,
      you: this.#you.value,
      caution: this.#caution.value,
      spike: this.#spike.value,
      glow: this.#glow.value,
      voice: this.#voice.value,
      ear: this.#ear.value,
    }
  }

  /** Where it would come to rest if nothing more happened: for a picture that stands still. */
  still(): Look {
    const gather = this.#gathered(Number.POSITIVE_INFINITY)
    const glow = this.#bright(gather, 0, 0)
    return { energy: 0, gather, graph: 0, keen: 0, you: 0, caution: 0, spike: 0, glow, voice: 0, ear: 0 }
  }

  #step(ms: number, now: number): void {
    this.#activity *= Math.exp(-ms / 2_500)
    this.#shock *= Math.exp(-ms / 900)
    const base = this.isRunning ? 0.28 : 0
    const energy = this.#energy.step(Math.min(1, base + this.#activity), ms, now)
    const gather = this.#gather.step(this.#gathered(now), ms, now)
    const isFelt = now < this.#feelingUntil
    const feeling = isFelt ? this.#feeling : FEELINGS.idle
    this.#keen.step(feeling.keen, ms, now)
    this.#graph.step(this.#dissolved(feeling), ms, now)
    this.#you.step(this.isListening ? 0.85 : 0, ms, now)
    this.#caution.step(now < this.#warnedUntil ? 0.8 : 0, ms, now)
    const spike = this.#spike.step(Math.min(1, this.#shock), ms, now)
    this.#glow.step(this.#bright(gather, energy, spike), ms, now)
    this.#voice.step(part(this.speech), ms, now)
    this.#ear.step(part(this.microphone), ms, now)
  }

  #gathered(now: number): number {
    if (this.isTroubled) return 0.12
    if (this.isRunning) return this.#hasSpoken ? 0.86 : 1
    if (this.isListening) return 0.9
    return now < this.#outsideUntil ? 0.72 : 0.55
  }

  /** It lets go of its face while it works, and has it back when it speaks. */
  #dissolved(feeling: Feeling): number {
    if (!this.isRunning || this.isTroubled) return 0
    return this.#hasSpoken ? feeling.graph * 0.3 : feeling.graph
  }

  #bright(gather: number, energy: number, spike: number): number {
    const whole = 0.34 + 0.3 * gather + 0.28 * energy + 0.12 * spike
    return Math.min(1, this.isTroubled ? whole * 0.6 : whole)
  }

  #line(of: LineClass, now: number): void {
    const feeling = FEELINGS[of]
    this.#push(feeling.push)
    if (of === 'error') this.#fail(now)
    // Work that nobody here asked for shows too, but fainter, and not for long.
    if (feeling.weight >= FEELINGS.plan.weight) this.#outsideUntil = now + OUTSIDE_MS
    if (now < this.#feelingUntil && feeling.weight < this.#feeling.weight) return
    this.#feeling = feeling
    this.#feelingUntil = now + feeling.dwellMs
  }

  #push(by: number): void {
    this.#activity += by * (1 - Math.min(1, this.#activity))
  }

  #fail(now: number): void {
    if (now - this.#shockedAt < SPIKE_EVERY_MS) return
    this.#shockedAt = now
    this.#shock = 1.4
  }
}

function part(value: number): number {
  return Math.min(1, Math.max(0, value))
}
