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

export type Relief = (x: number, y: number) => number

export function relief(): Relief {
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

/** Light from above on the left, and how much of a second one behind on the right. */
export function shading(skinDepth: Relief, x: number, y: number): { light: number; rim: number } {
  const width = halfWidth(y)
  if (Math.abs(x) >= width * 0.995) return { light: 0, rim: 0 }
  const side = slope(skinDepth, x, y)
  const lit = Math.max(0, dot(side, LIGHT))
  const rim = Math.max(0, dot(side, RIM)) ** 2
  const edge = Math.abs(x) / width
  const fades = (1 - 0.45 * edge ** 5) * (1 - 0.55 * smooth(0.55, 1.25, y))
  return { light: (0.04 + 0.9 * lit ** 2.2 + 0.32 * rim) * fades, rim: rim * fades }
}

/** How firmly skin holds together: the neck, the crown and the edges are the first to go. */
export function firmness(x: number, y: number): number {
  const edge = Math.min(1, Math.abs(x) / Math.max(0.05, halfWidth(y)))
  return 1 - 0.55 * edge ** 3 - 0.5 * smooth(-0.35, -1.15, y) - 0.5 * smooth(0.7, 1.25, y)
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

export function smooth(from: number, to: number, at: number): number {
  const part = Math.min(1, Math.max(0, (at - from) / (to - from)))
  return part * part * (3 - 2 * part)
}
