import { describe, expect, test } from 'vitest'
import { Effort, Loop } from '../../src/console/face/loop.ts'
import { halfWidth, shapeFace } from '../../src/console/face/shape.ts'

/** Chance that a test can repeat. */
function dice(): () => number {
  let state = 7
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

describe('the shape of the face', () => {
  const COUNT = 3_000
  const { home, drift, nature } = shapeFace(COUNT, dice())

  test('is made of numbers, none too far away', () => {
    for (const values of [home, drift, nature])
      expect(values.every((value) => Number.isFinite(value) && Math.abs(value) < 6)).toBe(true)
    expect(nature.every((value) => value >= 0 && value <= 1.2)).toBe(true)
  })

  test('is whole in any first part of its points', () => {
    const heights = (part: number) =>
      [...Array(Math.round(COUNT * part)).keys()]
        .map((point) => home[point * 3 + 1] ?? 0)
        .filter((y) => halfWidth(y) > 0)
    const middle = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length
    expect(Math.abs(middle(heights(0.3)) - middle(heights(1)))).toBeLessThan(0.08)
  })
})

class Screen {
  asked: ((now: number) => void) | undefined
  request(tell: (now: number) => void): number {
    this.asked = tell
    return 1
  }
  cancel(): void {
    this.asked = undefined
  }
  /** Shows frames at 60 a second. */
  show(from: number, frames: number): void {
    for (let frame = 0; frame < frames; frame += 1) this.asked?.(from + frame * 16.667)
  }
}

describe('the loop', () => {
  test('draws thirty of sixty frames a second, and twelve when it is told to', () => {
    const screen = new Screen()
    let drawn = 0
    const loop = new Loop(screen, () => {
      drawn += 1
    })
    loop.run()
    screen.show(0, 60)
    expect(drawn).toBe(30)
    drawn = 0
    loop.rate(12)
    screen.show(1_000, 60)
    expect(drawn).toBe(12)
  })

  test('asks for no frame while it rests', () => {
    const screen = new Screen()
    const loop = new Loop(screen, () => {})
    loop.run()
    screen.show(0, 3)
    loop.rest()
    expect(screen.asked).toBeUndefined()
    expect(loop.isRunning).toBe(false)
  })
})

describe('the effort', () => {
  test('sinks when frames come late, to the least and no further', () => {
    const effort = new Effort(10_000, 3_000)
    for (let frame = 0; frame < 500; frame += 1) effort.took(90, 33)
    expect(effort.count).toBe(3_000)
  })

  test('stays when frames come in time, or one of them does not', () => {
    const effort = new Effort(10_000, 3_000)
    for (let frame = 0; frame < 500; frame += 1) effort.took(frame % 100 === 0 ? 300 : 34, 33)
    expect(effort.count).toBe(10_000)
  })
})
