import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { toBeat } from '../../src/gateway/beat.ts'

test('whoever waits for the same beat is woken in the same millisecond, after half to one and a half times its length', () => {
  const clock = vi.spyOn(performance, 'now')
  const moment = fc.double({ min: 0, max: 1e9, noNaN: true })
  fc.assert(
    fc.property(moment, fc.integer({ min: 5, max: 3_600_000 }), (now, everyMs) => {
      clock.mockReturnValue(now)
      const ms = toBeat(everyMs)
      expect(ms).toBe(Math.trunc(ms))
      expect(ms).toBeGreaterThanOrEqual(everyMs / 2)
      expect(ms).toBeLessThanOrEqual(everyMs * 1.5 + 1)
      // Never before the beat, and less than a millisecond after it.
      const late = (now + ms) % everyMs
      expect(Math.min(late, everyMs - late)).toBeLessThan(1.001)
    }),
  )
})
