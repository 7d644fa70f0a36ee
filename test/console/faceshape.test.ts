import { describe, expect, test } from 'vitest'
import { Dissolve } from '../../src/console/face/dissolve.ts'
import { Effort } from '../../src/console/face/effort.ts'
import { connect, scatter, weave } from '../../src/console/face/graph.ts'
import { Loop } from '../../src/console/face/loop.ts'
import { FRAME, type Picture, paintSkin } from '../../src/console/face/picture.ts'
import { halfWidth } from '../../src/console/face/relief.ts'
import { sampler } from '../../src/console/face/sample.ts'
import { shapeFace } from '../../src/console/face/shape.ts'

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
  const { home, drift, nature } = shapeFace(paintSkin(1), COUNT, dice())

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

/** Black, but for some pixels. */
function spots(
  ...lit: readonly (readonly [column: number, row: number, colour: readonly number[]])[]
): Picture {
  const [width, height] = [32, 31]
  const data = new Uint8ClampedArray(width * height * 4)
  for (const [column, row, colour] of lit) data.set(colour, (row * width + column) * 4)
  return { width, height, data }
}

describe('the points of a picture', () => {
  test('lie where it is light, the more the lighter, and know magenta from cyan', () => {
    const take = sampler(spots([4, 2, [40, 200, 200, 255]], [20, 10, [80, 0, 80, 255]]))
    const random = dice()
    const grains = Array.from({ length: 800 }, () => take(random))
    const left = grains.filter(({ x }) => x < 0)
    expect(left.every(({ x }) => x >= FRAME.left + 0.4 - 1e-9 && x <= FRAME.left + 0.5 + 1e-9)).toBe(true)
    expect(left.every(({ y }) => y <= FRAME.top - 0.2 + 1e-9 && y >= FRAME.top - 0.3 - 1e-9)).toBe(true)
    expect(left.every(({ magenta }) => magenta === 0)).toBe(true)
    const right = grains.filter(({ x }) => x >= 0)
    expect(right.every(({ magenta }) => magenta === 1)).toBe(true)
    expect(right.length).toBeGreaterThan(100)
    expect(left.length).toBeGreaterThan(right.length * 2)
  })

  test('are not looked for where there is nothing', () => {
    expect(() => sampler(spots())).toThrow('nothing in the picture')
  })
})

describe('the graph', () => {
  test('is one: from every node a way leads to every other', () => {
    const nodes = scatter(dice())
    const edges = connect(nodes)
    const reached = new Set([0])
    for (let round = 0; round < nodes.length; round += 1)
      for (const [a, b] of edges) if (reached.has(a) || reached.has(b)) reached.add(a).add(b)
    expect(nodes.length).toBeGreaterThan(80)
    expect(reached.size).toBe(nodes.length)
  })

  test('is made of numbers, with nodes and edges in any first part of its points', () => {
    const { place, link } = weave(2_000, dice())
    expect([...place, ...link].every((value) => Number.isFinite(value) && Math.abs(value) < 2)).toBe(true)
    const inNodes = (points: number) =>
      [...Array(points).keys()].filter((point) => link[point * 4 + 3] === 1).length / points
    expect(inNodes(400)).toBeCloseTo(inNodes(2_000), 1)
  })
})

describe('one face becoming another', () => {
  test('goes by way of the graph, without a jump', () => {
    const dissolve = new Dissolve('face')
    dissolve.form = 'cyber'
    let changes = 0
    let before = 0
    for (let now = 0; now < 12_000; now += 33) {
      if (dissolve.step(0, 33, now)) {
        changes += 1
        expect(dissolve.scatter).toBeGreaterThan(0.98)
      }
      expect(Math.abs(dissolve.scatter - before)).toBeLessThan(0.1)
      before = dissolve.scatter
    }
    expect(changes).toBe(1)
    expect(dissolve.drawn).toBe('cyber')
    expect(dissolve.scatter).toBeLessThan(0.01)
  })

  test('stays a graph for whoever wants one, whatever the mood', () => {
    const dissolve = new Dissolve('graph')
    for (let now = 0; now < 5_000; now += 33) dissolve.step(0, 33, now)
    expect(dissolve.scatter).toBe(1)
  })

  test('is done at once where nothing moves', () => {
    const dissolve = new Dissolve('graph')
    dissolve.form = 'cyber'
    expect(dissolve.jump()).toBe(true)
    expect([dissolve.drawn, dissolve.scatter]).toEqual(['cyber', 0])
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
    expect(effort.isSpent).toBe(true)
  })

  test('stays when frames come in time, or one of them does not', () => {
    const effort = new Effort(10_000, 3_000)
    for (let frame = 0; frame < 500; frame += 1) effort.took(frame % 100 === 0 ? 300 : 34, 33)
    expect(effort.count).toBe(10_000)
  })
})
