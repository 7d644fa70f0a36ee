import type { Picture } from './picture.ts'
import { firmness, halfWidth, relief } from './relief.ts'
import { sampler } from './sample.ts'

/** A face out of points, as flat arrays for the graphics card. The points are in no order: any first part of them is the whole face, thinner. */
export interface Shape {
  /** Where a point belongs in the face: the face is about 2.4 high, its middle at 0. */
  readonly home: Float32Array
  /** Where it drifts when nothing holds it. */
  readonly drift: Float32Array
  /** Light on it, how much of it is magenta, its own chance, and how firmly it holds. */
  readonly nature: Float32Array
}

type Point = readonly [x: number, y: number, z: number, light: number, magenta: number, hold: number]

/** Part of the points that were never skin: they are the air around it. */
const AIR = 0.13

/** `firm` is how firmly the loosest of its skin holds: lines bear less drifting than light does. */
export function shapeFace(picture: Picture, count: number, random: () => number, firm = 0): Shape {
  const take = sampler(picture)
  const skinDepth = relief()
  const home = new Float32Array(count * 3)
  const drift = new Float32Array(count * 3)
  const nature = new Float32Array(count * 4)
  const skin = (): Point => {
    const { x, y, light, magenta } = take(random)
    const isSkin = Math.abs(x) < halfWidth(y)
    // What is drawn beside the head lies behind it.
    const z = isSkin ? skinDepth(x, y) - 0.35 : -0.3 - 0.35 * (Math.abs(x) - halfWidth(y))
    const spark = random() < 0.03 ? 0.7 : 0
    return [x, y, z, light, Math.max(magenta, spark), Math.max(firm, isSkin ? firmness(x, y) : 0.42)]
  }
  for (let point = 0; point < count; point += 1) {
    const chance = random()
    const [x, y, z, light, magenta, hold] = random() < AIR ? air(random) : skin()
    home.set([x, y, z], point * 3)
    const angle = Math.atan2(y, x) + (random() - 0.5) * 1.3
    const away = 0.25 + 1.5 * random() ** 2
    drift.set(
      [
        x + Math.cos(angle) * away * 1.5,
        y + Math.sin(angle) * away - 0.35 * random() ** 2,
        z + (random() - 0.6) * 1.4,
      ],
      point * 3,
    )
    nature.set([light, magenta, chance, hold], point * 4)
  }
  return { home, drift, nature }
}

function air(random: () => number): Point {
  const angle = random() * Math.PI * 2
  const away = 0.95 + 0.9 * random() ** 1.6
  return [
    Math.cos(angle) * away,
    0.05 + Math.sin(angle) * away * 1.15,
    -0.7 + 0.8 * random(),
    0.1 + 0.3 * random() ** 3,
    random() < 0.22 ? 1 : 0,
    0.35 * random(),
  ]
}
