import fc from 'fast-check'
import { afterEach, expect, test, vi } from 'vitest'
import { toBeat } from '../../src/gateway/beat.ts'

afterEach(() => vi.restoreAllMocks())

test('whoever waits for the same beat is woken in the same millisecond, no later than its length from now', () => {
  const clock = vi.spyOn(performance, 'now')
  const moment = fc.double({ min: 0, max: 1e9, noNaN: true })
  fc.assert(
    fc.property(moment, fc.integer({ min: 5, max: 3_600_000 }), (now, everyMs) => {
      clock.mockReturnValue(now)
      const ms = toBeat(everyMs)
      expect(ms).toBe(Math.trunc(ms))
      expect(ms).toBeGreaterThanOrEqual(1)
      expect(ms).toBeLessThanOrEqual(everyMs + 1)
      // Never before the beat, and less than a millisecond after it.
      expect((now + ms + 1e-6) % everyMs).toBeLessThan(1.001)
    }),
  )
})
