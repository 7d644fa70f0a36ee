import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { LineClass } from '../../src/console/logclass.ts'
import { type Happening, type Look, Mood } from '../../src/console/mood.ts'

const START = 1_000_000
const line = (of: LineClass): Happening => ({ kind: 'line', of })

/** Lets time pass in frames, and keeps how it looked in each. */
function pass(mood: Mood, from: number, ms: number, each?: (now: number) => void): Look[] {
  const looks: Look[] = []
  for (let now = from; now <= from + ms; now += 33) {
    each?.(now)
    looks.push(mood.at(now))
  }
  return looks
}

/** How often it turned from lighter to darker or back within the worst second of these frames. */
function turnsASecond(looks: readonly Look[]): number {
  const ways = looks.map((look, at) => Math.sign(look.glow - (looks[at - 1]?.glow ?? look.glow)))
  let way = 0
  const turns: number[] = []
  ways.forEach((next, at) => {
    if (next !== 0 && way !== 0 && next !== way) turns.push(at)
    if (next !== 0) way = next
  })
  return Math.max(0, ...turns.map((from) => turns.filter((at) => at >= from && at - from < 30).length))
}

/** How light a grain is, as the shader makes it: its shine, and its colour on the way from cyan through the others. */
function brightness({ glow, gather, graph, keen, you, caution, spike }: Look): number {
  const shine = (0.45 + 0.85 * glow) * (0.34 + 0.66 * gather) * (1 - 0.4 * graph)
  const towards = (from: number, to: number, part: number) => from + (to - from) * part
  const ice = towards(0.64, 0.71, keen)
  return shine * towards(towards(towards(ice, 0.32, you), 0.53, caution), 0.31, spike * 0.95)
}

/** How often, in the worst second, light rose and fell again by a tenth or more: what is called a flash. */
function flashesASecond(looks: readonly Look[]): number {
  const lights = looks.map(brightness)
  const swings: number[] = []
  let way = 0
  let extreme = lights[0] ?? 0
  for (const [at, light] of lights.entries()) {
    if (way >= 0 ? light > extreme : light < extreme) extreme = light
    else if (Math.abs(light - extreme) >= 0.1 * 0.83) {
      swings.push(at)
      way = Math.sign(light - extreme)
      extreme = light
    }
  }
  return Math.max(0, ...swings.map((from) => swings.filter((at) => at >= from && at - from < 30).length)) / 2
}

function settledMood(set: (mood: Mood) => void = () => {}): { mood: Mood; now: number } {
  const mood = new Mood(START)
  set(mood)
  pass(mood, START, 20_000)
  return { mood, now: START + 20_000 }
}

describe('the mood', () => {
  test('comes to rest as a face that is neither gathered nor gone', () => {
    const { mood, now } = settledMood()
    const look = mood.at(now)
    expect(look.energy).toBeLessThan(0.01)
    expect(look.gather).toBeGreaterThan(0.45)
    expect(look.gather).toBeLessThan(0.75)
    expect(look.spike).toBe(0)
  })

  test('gathers when the agent works, and lets go again', () => {
    const { mood, now } = settledMood()
    mood.isRunning = true
    mood.hear({ kind: 'asked' }, now)
    const working = pass(mood, now, 6_000).at(-1)
    expect(working?.gather).toBeGreaterThan(0.9)
    expect(working?.energy).toBeGreaterThan(0.2)
    mood.isRunning = false
    mood.hear({ kind: 'ended', how: 'done' }, now + 6_000)
    const after = pass(mood, now + 6_000, 20_000).at(-1)
    expect(after?.gather).toBeLessThan(0.75)
    expect(after?.energy).toBeLessThan(0.02)
  })

  test('is calmer while it writes than while it works', () => {
    const { mood, now } = settledMood((it) => {
      it.isRunning = true
    })
    const before = mood.at(now).gather
    mood.hear({ kind: 'spoke' }, now)
    expect(pass(mood, now, 8_000).at(-1)?.gather).toBeLessThan(before)
  })

  test('falls apart when nothing can be reached', () => {
    const { mood, now } = settledMood()
    mood.isTroubled = true
    const look = pass(mood, now, 15_000).at(-1)
    expect(look?.gather).toBeLessThan(0.2)
    expect(look?.glow).toBeLessThan(0.35)
  })

  test('shows a tool for its time, whatever is thought meanwhile', () => {
    const { mood, now } = settledMood()
    mood.hear(line('tool'), now)
    const looks = pass(mood, now, 4_000, (time) => mood.hear(line('think'), time))
    expect(looks.at(-1)?.keen).toBeGreaterThan(0.5)
    const later = pass(mood, now + 4_000, 10_000, (time) => mood.hear(line('think'), time))
    expect(later.at(-1)?.keen).toBeLessThan(0.2)
  })

  test('is startled by failures and by nothing else', () => {
    const { mood, now } = settledMood()
    const calm = pass(mood, now, 4_000, (time) => {
      for (const of of ['tool', 'memory', 'plan', 'think', 'accent', 'idle'] as const)
        mood.hear(line(of), time)
    })
    expect(Math.max(...calm.map((look) => look.spike))).toBe(0)
    mood.hear(line('error'), now + 4_000)
    const looks = pass(mood, now + 4_000, 12_000)
    expect(Math.max(...looks.map((look) => look.spike))).toBeGreaterThan(0.4)
    expect(looks.at(-1)?.spike).toBeLessThan(0.1)
  })

  test('is startled once by a thousand failures in a second', () => {
    const { mood, now } = settledMood()
    const looks = pass(mood, now, 3_500, (time) => {
      if (time - now < 1_000) for (let at = 0; at < 30; at += 1) mood.hear(line('error'), time)
    })
    const peak = looks.findIndex((look) => look.spike === Math.max(...looks.map(({ spike }) => spike)))
    const after = looks.slice(peak)
    expect(after.every((look, at) => at === 0 || look.spike <= (after[at - 1]?.spike ?? 1))).toBe(true)
  })

  test('sleeps through a night without a jump', () => {
    const { mood, now } = settledMood()
    mood.hear(line('tool'), now)
    const look = mood.at(now + 8 * 3_600_000)
    expect(look.energy).toBeLessThan(0.2)
    expect(mood.at(now).energy).toBe(look.energy)
  })

  test('a voice moves it at once, and never lights it', () => {
    const { mood, now } = settledMood()
    const before = mood.at(now).glow
    mood.speech = 5
    const looks = pass(mood, now, 400)
    expect(looks.at(-1)?.voice).toBeGreaterThan(0.9)
    expect(looks.at(-1)?.voice).toBeLessThanOrEqual(1)
    expect(looks.at(-1)?.glow).toBeCloseTo(before, 5)
  })

  test('dissolves into the graph while it works, and has its face back when it speaks and when it is done', () => {
    const { mood, now } = settledMood()
    expect(mood.at(now).graph).toBeLessThan(0.01)
    mood.isRunning = true
    const working = pass(mood, now, 6_000, (time) => mood.hear(line('tool'), time)).at(-1)?.graph ?? 0
    expect(working).toBeGreaterThan(0.45)
    mood.hear({ kind: 'spoke' }, now + 6_000)
    expect(pass(mood, now + 6_000, 8_000).at(-1)?.graph).toBeLessThan(working / 3)
    mood.isRunning = false
    expect(pass(mood, now + 14_000, 10_000).at(-1)?.graph).toBeLessThan(0.01)
  })

  test('turns to you while it listens, and amber after a warning, each for its time', () => {
    const { mood, now } = settledMood()
    mood.isListening = true
    mood.microphone = 0.6
    const heard = pass(mood, now, 2_000).at(-1)
    expect(heard?.you).toBeGreaterThan(0.7)
    expect(heard?.ear).toBeGreaterThan(0.5)
    Object.assign(mood, { isListening: false, microphone: 0 })
    mood.hear({ kind: 'warned' }, now + 2_000)
    const warned = pass(mood, now + 2_000, 3_000).at(-1)
    expect(warned?.you).toBeLessThan(0.1)
    expect(warned?.caution).toBeGreaterThan(0.6)
    expect(pass(mood, now + 5_000, 10_000).at(-1)?.caution).toBeLessThan(0.05)
  })
})

describe('whatever happens', () => {
  const happening = fc.oneof(
    fc.constantFrom<Happening>({ kind: 'asked' }, { kind: 'spoke' }, { kind: 'chunk' }, { kind: 'warned' }),
    fc.constantFrom<LineClass>('error', 'tool', 'memory', 'plan', 'think', 'accent', 'idle').map(line),
    fc
      .constantFrom<'done' | 'stopped' | 'failed'>('done', 'stopped', 'failed')
      .map((how): Happening => ({ kind: 'ended', how })),
  )
  const frame = fc.record({
    happenings: fc.array(happening, { maxLength: 3 }),
    isRunning: fc.boolean(),
    isTroubled: fc.boolean(),
    isListening: fc.boolean(),
    speech: fc.double({ min: -1, max: 3, noNaN: true }),
    microphone: fc.double({ min: -1, max: 3, noNaN: true }),
  })

  test('its light never flashes more than three times a second nor leaps, and every number stays between 0 and 1', () => {
    fc.assert(
      fc.property(fc.array(frame, { minLength: 60, maxLength: 120 }), (frames) => {
        const mood = new Mood(START)
        const looks = frames.map(({ happenings, ...state }, at) => {
          Object.assign(mood, state)
          for (const it of happenings) mood.hear(it, START + at * 33)
          return mood.at(START + at * 33)
        })
        const values = looks.flatMap((look) => Object.values(look) as number[])
        expect(Math.min(...values)).toBeGreaterThanOrEqual(0)
        expect(Math.max(...values)).toBeLessThanOrEqual(1)
        expect(turnsASecond(looks)).toBeLessThanOrEqual(3)
        expect(flashesASecond(looks)).toBeLessThanOrEqual(3)
        const steps = looks.map((look, at) => Math.abs(look.glow - (looks[at - 1] ?? look).glow))
        expect(Math.max(...steps)).toBeLessThanOrEqual(0.8 * 0.034)
      }),
      { numRuns: 60 },
    )
  })
})
