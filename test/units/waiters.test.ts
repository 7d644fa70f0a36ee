import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Sleeper } from '../../src/gateway/store/store.ts'
import { Waiters } from '../../src/gateway/store/waiters.ts'

const step = fc.oneof(
  fc.record({ does: fc.constantFrom('add', 'delete'), who: fc.nat({ max: 4 }) }),
  fc.record({ does: fc.constant('wake'), who: fc.nat({ max: 4 }) }),
)

test('whoever waits is woken once for what comes, and nobody else, in whatever order they come and go', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const waiters = new Waiters()
      const heard: number[] = []
      const all: Sleeper[] = Array.from({ length: 5 }, (_, next) => ({ next, wake: () => heard.push(next) }))
      const waiting = new Set<number>()
      for (const { does, who } of steps) {
        const sleeper = all[who] as Sleeper
        heard.length = 0
        if (does === 'add') {
          waiters.add(sleeper)
          waiting.add(who)
        } else if (does === 'delete') expect(waiters.delete(sleeper)).toBe(waiting.delete(who))
        else {
          waiters.wake(who)
          expect(heard.toSorted()).toEqual([...waiting].filter((it) => it < who).toSorted())
        }
        expect(waiters.size).toBe(waiting.size)
      }
      heard.length = 0
      waiters.wake()
      expect(heard.toSorted()).toEqual([...waiting].toSorted())
    }),
  )
})

test('one who leaves when it is woken keeps nobody else asleep', () => {
  const waiters = new Waiters()
  const heard: string[] = []
  for (const name of ['first', 'second', 'third']) {
    const sleeper = {
      next: 0,
      wake() {
        heard.push(name)
        waiters.delete(sleeper)
      },
    }
    waiters.add(sleeper)
  }
  waiters.wake(1)
  expect(heard).toEqual(['first', 'second', 'third'])
  expect(waiters.size).toBe(0)
})
