import type { LineClass } from './logclass.ts'

/** What happens that a face can show. */
export type Happening =
  | { readonly kind: 'asked' | 'spoke' | 'chunk' }
  | { readonly kind: 'line'; readonly of: LineClass }
  | { readonly kind: 'ended'; readonly how: 'done' | 'stopped' | 'failed' }

/** How it is right now. Every number moves smoothly, from 0 to 1. */
export interface Look {
  /** How much goes on. */
  readonly energy: number
  /** From dust to a face. */
  readonly gather: number
  /** From cyan to magenta. */
  readonly warmth: number
  /** Something failed. */
  readonly spike: number
  /** How bright; the only number that may become light, and it turns at most three times a second. */
  readonly glow: number
  /** How loud the voice is; for movement, never for light. */
  readonly voice: number
}

const TURN_MS = 350
const STEP_MS = 40
const AWAY_MS = 6_000
const SPIKE_EVERY_MS = 4_000
const OUTSIDE_MS = 8_000

/** Follows a target with one pace up and another down, and never turns twice within `TURN_MS`. */
export class Envelope {
  value: number
  readonly #upMs: number
  readonly #downMs: number
  readonly #turnMs: number
  #way = 0
  #turnedAt = Number.NEGATIVE_INFINITY

  constructor(value: number, upMs: number, downMs: number, turnMs = TURN_MS) {
    this.value = value
    this.#upMs = upMs
    this.#downMs = downMs
    this.#turnMs = turnMs
  }

  step(target: number, ms: number, now: number): number {
    const way = Math.sign(target - this.value)
    if (way === 0) return this.value
    if (way !== this.#way) {
      if (now - this.#turnedAt < this.#turnMs) return this.value
      this.#way = way
      this.#turnedAt = now
    }
    this.value += (target - this.value) * (1 - Math.exp(-ms / (way > 0 ? this.#upMs : this.#downMs)))
    return this.value
  }
}

interface Feeling {
  readonly push: number
  readonly warmth: number
  /** How long it stays visible, whatever of less weight comes next. */
  readonly dwellMs: number
  readonly weight: number
}

/** A thought comes with every second line: it must not hide that a tool runs. */
const FEELINGS: Readonly<Record<LineClass, Feeling>> = {
  error: { push: 0.2, warmth: 0.9, dwellMs: 3_000, weight: 6 },
  tool: { push: 0.16, warmth: 0.62, dwellMs: 4_500, weight: 5 },
  memory: { push: 0.14, warmth: 0.42, dwellMs: 3_000, weight: 4 },
  plan: { push: 0.1, warmth: 0.3, dwellMs: 2_000, weight: 3 },
  accent: { push: 0.12, warmth: 0.15, dwellMs: 1_400, weight: 2 },
  think: { push: 0.08, warmth: 0.08, dwellMs: 600, weight: 1 },
  idle: { push: 0, warmth: 0, dwellMs: 800, weight: 0 },
}

/** The mood of the agent, out of what can be known of it. Knows no screen and no clock of its own. */
export class Mood {
  isRunning = false
  isTroubled = false
  /** 0 to 1, from a microphone or a loudspeaker. */
  amplitude = 0

  #now: number
  #activity = 0
  #shock = 0
  #shockedAt = Number.NEGATIVE_INFINITY
  #hasSpoken = false
  #outsideUntil = Number.NEGATIVE_INFINITY
  #feeling = FEELINGS.idle
  #feelingUntil = Number.NEGATIVE_INFINITY

  readonly #energy = new Envelope(0, 450, 1_600)
  readonly #gather = new Envelope(0, 1_300, 2_400)
  readonly #warmth = new Envelope(0, 700, 1_800)
  readonly #spike = new Envelope(0, 280, 2_200)
  readonly #glow = new Envelope(0, 320, 900)
  readonly #voice = new Envelope(0, 70, 180, 0)

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
      warmth: this.#warmth.value,
      spike: this.#spike.value,
      glow: this.#glow.value,
      voice: this.#voice.value,
    }
  }

  /** Where it would come to rest if nothing more happened: for a picture that stands still. */
  still(): Look {
    const gather = this.#gathered(Number.POSITIVE_INFINITY)
    return { energy: 0, gather, warmth: 0, spike: 0, glow: this.#bright(gather, 0, 0), voice: 0 }
  }

  #step(ms: number, now: number): void {
    this.#activity *= Math.exp(-ms / 2_500)
    this.#shock *= Math.exp(-ms / 900)
    const base = this.isRunning ? 0.28 : 0
    const energy = this.#energy.step(Math.min(1, base + this.#activity), ms, now)
    const gather = this.#gather.step(this.#gathered(now), ms, now)
    const isFelt = now < this.#feelingUntil
    this.#warmth.step(isFelt ? this.#feeling.warmth : 0, ms, now)
    const spike = this.#spike.step(Math.min(1, this.#shock), ms, now)
    this.#glow.step(this.#bright(gather, energy, spike), ms, now)
    this.#voice.step(Math.min(1, Math.max(0, this.amplitude)), ms, now)
  }

  #gathered(now: number): number {
    if (this.isTroubled) return 0.12
    if (this.isRunning) return this.#hasSpoken ? 0.86 : 1
    return now < this.#outsideUntil ? 0.72 : 0.55
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
