import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Pulses, type Quiet } from '../../src/gateway/chat/pulses.ts'

const PULSE_MS = 15_000
/** An eighth of a second early or late, and a millisecond for the timer. */
const SLACK_MS = 126

/** One who waits from now on, and when it was told that nothing came. */
function waiting(pulses: Pulses): Quiet & { readonly told: number[] } {
  const it = {
    quietSince: performance.now(),
    slot: 0,
    told: [] as number[],
    pulse() {
      it.told.push(performance.now())
      return true
    },
  }
  pulses.add(it)
  return it
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

describe('pulses', () => {
  test('come after so much silence, whenever anyone came and whatever was heard meanwhile', () => {
    const moments = fc.array(fc.integer({ min: 0, max: 60_000 }), { maxLength: 8 })
    fc.assert(
      fc.property(fc.array(moments, { minLength: 1, maxLength: 6 }), fc.nat(5_000), (heard, lateMs) => {
        const pulses = new Pulses(PULSE_MS)
        vi.advanceTimersByTime(lateMs)
        const begin = performance.now()
        const all = heard.map((times) => ({ times: times.sort((a, b) => a - b), it: waiting(pulses) }))
        const events = all.flatMap(({ times, it }) => times.map((ms) => ({ ms, it })))
        for (const { ms, it } of events.sort((a, b) => a.ms - b.ms)) {
          vi.advanceTimersByTime(begin + ms - performance.now())
          it.quietSince = performance.now()
        }
        vi.advanceTimersByTime(begin + 100_000 - performance.now())
        for (const { times, it } of all) {
          const sounds = [begin, ...times.map((ms) => begin + ms), ...it.told].sort((a, b) => a - b)
          for (const told of it.told) {
            const before = sounds.filter((at) => at < told).at(-1) ?? begin
            expect(Math.abs(told - before - PULSE_MS)).toBeLessThanOrEqual(SLACK_MS)
          }
          const silences = [...sounds, begin + 100_000].map((at, i, list) => at - (list[i - 1] ?? at))
          expect(Math.max(...silences)).toBeLessThanOrEqual(PULSE_MS + SLACK_MS)
          pulses.remove(it)
        }
        expect(vi.getTimerCount()).toBe(0)
      }),
      { numRuns: 200 },
    )
  })

  test('come once after the process has stood still, and then as ever', () => {
    const pulses = new Pulses(PULSE_MS)
    const all = [waiting(pulses), waiting(pulses)]
    vi.advanceTimersByTime(200)
    all.push(waiting(pulses))
    const now = performance.now.bind(performance)
    const still = vi.spyOn(performance, 'now').mockImplementation(() => now() + 1_000 * PULSE_MS)
    vi.advanceTimersByTime(PULSE_MS)
    expect(all.map(({ told }) => told.length)).toEqual([1, 1, 1])
    vi.advanceTimersByTime(PULSE_MS)
    expect(all.map(({ told }) => told.length)).toEqual([2, 2, 2])
    still.mockRestore()
  })

  test('come a little later to who could not be told, and not a round later', () => {
    const pulses = new Pulses(PULSE_MS)
    const asked: number[] = []
    let isBusy = true
    const it: Quiet = {
      quietSince: performance.now(),
      slot: 0,
      pulse: () => {
        asked.push(performance.now())
        return !isBusy
      },
    }
    const begin = performance.now()
    pulses.add(it)
    vi.advanceTimersByTime(PULSE_MS + 1_000)
    expect(asked.length).toBeGreaterThan(2)
    isBusy = false
    asked.length = 0
    vi.advanceTimersByTime(PULSE_MS)
    expect(asked).toHaveLength(1)
    expect((asked[0] ?? 0) - begin).toBeLessThanOrEqual(PULSE_MS + 1_500)
    pulses.remove(it)
  })

  test('come to the others, too, when somebody leaves on being told', () => {
    const pulses = new Pulses(PULSE_MS)
    const told: string[] = []
    const one = (name: string): Quiet => {
      const it = {
        quietSince: performance.now(),
        slot: 0,
        pulse() {
          told.push(name)
          if (name === 'leaves') pulses.remove(it)
          return true
        },
      }
      pulses.add(it)
      return it
    }
    for (const name of ['a', 'leaves', 'b']) one(name)
    vi.advanceTimersByTime(PULSE_MS)
    expect(told).toEqual(['a', 'leaves', 'b'])
    vi.advanceTimersByTime(PULSE_MS)
    expect(told.slice(3)).toEqual(['a', 'b'])
  })

  test('wake the process for nobody: a reader alone is looked for once in its time', () => {
    const timers = vi.spyOn(globalThis, 'setTimeout')
    const pulses = new Pulses(PULSE_MS)
    const it = waiting(pulses)
    vi.advanceTimersByTime(10 * PULSE_MS)
    expect(it.told).toHaveLength(10)
    expect(timers.mock.calls.length).toBeLessThanOrEqual(11)
    pulses.remove(it)
    timers.mockRestore()
  })

  test('keep no timer for nobody', () => {
    const pulses = new Pulses(PULSE_MS)
    expect(vi.getTimerCount()).toBe(0)
    for (let round = 0; round < 2; round++) {
      const it = waiting(pulses)
      expect(vi.getTimerCount()).toBe(1)
      pulses.remove(it)
      expect(vi.getTimerCount()).toBe(0)
    }
    const left = (it: Quiet) => {
      pulses.remove(it)
      return true
    }
    const last: Quiet = { quietSince: performance.now(), slot: 0, pulse: () => left(last) }
    pulses.add(last)
    vi.advanceTimersByTime(PULSE_MS)
    expect(vi.getTimerCount()).toBe(0)
  })
})
