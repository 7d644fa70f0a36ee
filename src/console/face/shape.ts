/** A face out of points, as flat arrays for the graphics card. The points are in no order: any first part of them is the whole face, thinner. */
export interface Shape {
  /** Where a point belongs in the face: the face is about 2.4 high, its middle at 0. */
  readonly home: Float32Array
  /** Where it drifts when nothing holds it. */
  readonly drift: Float32Array
  /** Light on it, how much of it is magenta, its own chance, and how firmly it holds. */
  readonly nature: Float32Array
}

const LIGHT = normal(-0.34, 0.5, 0.8)
const RIM = normal(0.86, -0.12, 0.22)

interface Bump {
  readonly at: readonly [number, number]
  readonly size: readonly [number, number]
  readonly height: number
  /** On both sides of the nose. */
  readonly isPair?: boolean
}

/** What makes a face of an egg, by hand. */
const BUMPS: readonly Bump[] = [
  { at: [0.33, 0.38], size: [0.26, 0.08], height: 0.05, isPair: true },
  { at: [0.34, 0.19], size: [0.2, 0.1], height: -0.085, isPair: true },
  { at: [0.35, 0.13], size: [0.135, 0.07], height: 0.1, isPair: true },
  { at: [0.35, 0.075], size: [0.13, 0.013], height: -0.022, isPair: true },
  { at: [0, 0.16], size: [0.1, 0.24], height: 0.07 },
  { at: [0, -0.14], size: [0.1, 0.17], height: 0.17 },
  { at: [0.12, -0.22], size: [0.06, 0.06], height: 0.06, isPair: true },
  { at: [0.07, -0.475], size: [0.13, 0.045], height: 0.06, isPair: true },
  { at: [0, -0.535], size: [0.24, 0.018], height: -0.035 },
  { at: [0, -0.6], size: [0.16, 0.05], height: 0.07 },
  { at: [0, -0.73], size: [0.2, 0.055], height: -0.04 },
  { at: [0, -0.92], size: [0.2, 0.13], height: 0.07 },
  { at: [0.5, -0.03], size: [0.18, 0.16], height: 0.06, isPair: true },
  { at: [0.5, -0.5], size: [0.19, 0.24], height: -0.05, isPair: true },
]

/** Half as wide as the head at this height; nothing above and below it. */
export function halfWidth(y: number): number {
  if (y <= -1.12 || y >= 1.28) return 0
  const part = y > 0.3 ? (y - 0.3) / 0.98 : (0.3 - y) / 1.42
  const round = y > 0.3 ? Math.sqrt(1 - part * part) : (1 - part ** 2.6) ** 0.62
  return 0.86 * round
}

/** How far the skin stands out towards whoever looks. */
export function depth(x: number, y: number): number {
  const width = halfWidth(y)
  if (width === 0 || Math.abs(x) >= width) return 0
  let z = 0.82 * Math.sqrt(1 - (x / width) ** 2) * Math.min(1, width / 0.72) ** 0.6
  for (const { at, size, height, isPair } of BUMPS) {
    const across = isPair ? Math.abs(x) - at[0] : x - at[0]
    z += height * Math.exp(-0.5 * ((across / size[0]) ** 2 + ((y - at[1]) / size[1]) ** 2))
  }
  return z
}

/** The skin on a grid, for there are more points than it has places that differ. */
const STEP = 1 / 64
const COLUMNS = 113
const ROWS = 159
const LEFT = -0.875
const BOTTOM = -1.15

type Relief = (x: number, y: number) => number

function relief(): Relief {
  const grid = new Float32Array(COLUMNS * ROWS)
  for (let row = 0; row < ROWS; row += 1)
    for (let column = 0; column < COLUMNS; column += 1)
      grid[row * COLUMNS + column] = depth(LEFT + column * STEP, BOTTOM + row * STEP)
  const at = (column: number, row: number) => grid[row * COLUMNS + column] ?? 0
  return (x, y) => {
    const column = Math.min(COLUMNS - 2, Math.max(0, (x - LEFT) / STEP))
    const row = Math.min(ROWS - 2, Math.max(0, (y - BOTTOM) / STEP))
    const [i, j] = [Math.floor(column), Math.floor(row)]
    const [u, v] = [column - i, row - j]
    return (
      (at(i, j) * (1 - u) + at(i + 1, j) * u) * (1 - v) + (at(i, j + 1) * (1 - u) + at(i + 1, j + 1) * u) * v
    )
  }
}

export function shapeFace(count: number, random: () => number): Shape {
  const skinDepth = relief()
  const home = new Float32Array(count * 3)
  const drift = new Float32Array(count * 3)
  const nature = new Float32Array(count * 4)
  for (let point = 0; point < count; point += 1) {
    const chance = random()
    // Of every twenty points, three were never skin: they are the air around it.
    const [x, y, z, light, magenta, hold] = random() < 0.15 ? air(random) : skin(skinDepth, random)
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

type Point = readonly [x: number, y: number, z: number, light: number, magenta: number, hold: number]

function skin(skinDepth: Relief, random: () => number): Point {
  for (;;) {
    const y = -1.12 + 2.4 * random()
    const width = halfWidth(y)
    const x = (random() * 2 - 1) * 0.86
    if (Math.abs(x) >= width * 0.995) continue
    const side = slope(skinDepth, x, y)
    const lit = Math.max(0, dot(side, LIGHT))
    const rim = Math.max(0, dot(side, RIM)) ** 2
    const edge = Math.abs(x) / width
    const fades = (1 - 0.45 * edge ** 5) * (1 - 0.55 * smooth(0.55, 1.25, y))
    const light = (0.04 + 0.9 * lit ** 2.2 + 0.32 * rim) * fades
    // More points where there is more to see, fewer where the head turns away.
    if (random() > 0.16 + 0.95 * light) continue
    const rows = Math.round(y * 58) / 58
    const line = random() < 0.6 ? rows : y
    const hold = 1 - 0.55 * edge ** 3 - 0.5 * smooth(-0.35, -1.15, y) - 0.5 * smooth(0.7, 1.25, y)
    return [
      x,
      line,
      skinDepth(x, line) - 0.35,
      light,
      Math.min(1, rim * 1.5 + (random() < 0.03 ? 0.7 : 0)),
      hold,
    ]
  }
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

function slope(skinDepth: Relief, x: number, y: number): readonly [number, number, number] {
  const d = STEP / 2
  return normal(
    (skinDepth(x - d, y) - skinDepth(x + d, y)) / (2 * d),
    (skinDepth(x, y - d) - skinDepth(x, y + d)) / (2 * d),
    1,
  )
}

function normal(x: number, y: number, z: number): readonly [number, number, number] {
  const length = Math.hypot(x, y, z)
  return [x / length, y / length, z / length]
}

function dot(a: readonly [number, number, number], b: readonly [number, number, number]): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]
}

function smooth(from: number, to: number, at: number): number {
  const part = Math.min(1, Math.max(0, (at - from) / (to - from)))
  return part * part * (3 - 2 * part)
}
