/** What is drawn over the skin, by hand, in the units of the head: y goes up, the nose is at 0. */

type At = readonly [x: number, y: number]
type Pen = Pick<
  CanvasRenderingContext2D,
  | 'beginPath'
  | 'moveTo'
  | 'lineTo'
  | 'quadraticCurveTo'
  | 'bezierCurveTo'
  | 'closePath'
  | 'arc'
  | 'stroke'
  | 'fill'
> & {
  lineWidth: number
  strokeStyle: CanvasRenderingContext2D['strokeStyle']
  fillStyle: CanvasRenderingContext2D['fillStyle']
}

const pale = (part: number) => `rgb(255 255 255 / ${part})`
const pink = (part: number) => `rgb(255 60 210 / ${part})`

/** A sleeper: closed eyes, a mouth about to speak, and the folds of a hood. */
export function drawFace(pen: Pen): void {
  for (const side of [-1, 1]) {
    const curve = (from: At, over: At, to: At, width: number, style: string) => {
      stroke(pen, width, style, () => {
        pen.moveTo(from[0] * side, from[1])
        pen.quadraticCurveTo(over[0] * side, over[1], to[0] * side, to[1])
      })
    }
    curve([0.14, 0.345], [0.36, 0.5], [0.6, 0.33], 0.022, pale(0.5))
    curve([0.17, 0.36], [0.36, 0.47], [0.52, 0.38], 0.02, pale(0.4))
    curve([0.19, 0.1], [0.34, 0.005], [0.53, 0.115], 0.016, pale(0.95))
    curve([0.21, 0.185], [0.36, 0.27], [0.54, 0.17], 0.01, pale(0.4))
    for (let lash = 0; lash < 7; lash += 1) {
      const x = 0.26 + lash * 0.042
      const y = 0.062 + (lash - 2.4) ** 2 * 0.0026
      curve([x, y], [x + 0.006 * lash, y - 0.03], [x + 0.012 * lash, y - 0.045], 0.007, pale(0.5))
    }
    curve([0.055, 0.3], [0.065, 0.1], [0.06, -0.12], 0.012, pale(0.22))
    curve([0.16, -0.2], [0.2, -0.27], [0.12, -0.3], 0.012, pale(0.55))
    curve([0, -0.455], [0.06, -0.415], [0.11, -0.44], 0.012, pale(0.7))
    curve([0.11, -0.44], [0.2, -0.475], [0.27, -0.53], 0.012, pale(0.6))
    curve([0, -0.545], [0.12, -0.525], [0.27, -0.53], 0.016, pale(0.75))
    curve([0, -0.665], [0.14, -0.66], [0.24, -0.565], 0.012, pale(0.45))
    curve([0.74, -0.3], [0.68, -0.78], [0.28, -1.03], 0.01, pale(0.3))
  }
  stroke(pen, 0.03, pale(0.35), () => {
    pen.moveTo(0, -0.05)
    pen.lineTo(0, -0.2)
  })
  for (let fold = 0; fold < 6; fold += 1) {
    const out = 0.14 + fold * 0.085
    const style = fold % 3 === 2 ? pink(0.34) : pale(0.26 - fold * 0.03)
    stroke(pen, 0.009, style, () => hood(pen, out))
  }
}

/** One fold around the head, wider below than above. */
function hood(pen: Pen, out: number): void {
  const [wide, high] = [0.86 + out, 1.24 + out * 0.55]
  pen.moveTo(-wide * 1.02, -1.3)
  pen.bezierCurveTo(-wide * 1.12, -0.3, -wide * 1.02, high * 0.98, 0, high)
  pen.bezierCurveTo(wide * 1.02, high * 0.98, wide * 1.12, -0.3, wide * 1.02, -1.3)
}

/** The right half of a mask of planes; the left is its mirror. */
const CORNERS: readonly At[] = [
  [0, 1.25],
  [0.42, 1.1],
  [0.72, 0.72],
  [0.84, 0.24],
  [0.78, -0.26],
  [0.63, -0.7],
  [0.3, -1.04],
  [0, -1.1],
  [0, 0.78],
  [0.36, 0.76],
  [0, 0.34],
  [0.12, 0.32],
  [0.38, 0.43],
  [0.66, 0.31],
  [0.62, 0.1],
  [0.36, -0.04],
  [0.15, 0.05],
  [0.62, -0.16],
  [0, -0.22],
  [0.15, -0.29],
  [0.36, -0.36],
  [0, -0.45],
  [0.27, -0.53],
  [0, -0.65],
  [0.24, -0.86],
  [0, -0.88],
]

const PLANES =
  '0-1 1-2 2-3 3-4 4-5 5-6 6-7 0-8 1-9 0-9 8-9 9-2 8-10 8-11 9-11 9-12 9-13 2-13 3-13 3-14 13-14 11-12 12-13 10-11 ' +
  '11-16 10-18 16-18 16-15 15-14 14-17 17-15 3-17 4-17 15-19 16-19 18-19 15-20 17-20 19-20 19-21 18-21 20-22 21-22 ' +
  '17-5 20-5 4-20 22-23 21-23 22-5 22-24 5-24 6-24 23-24 23-25 24-25 25-7 24-7'

/** Where the current runs: each a way of straight parts and slants, with a joint at its end. */
const TRACES: readonly (readonly At[])[] = [
  [
    [0.08, 0.5],
    [0.08, 0.92],
    [0.2, 1.04],
  ],
  [
    [0.18, 0.52],
    [0.18, 0.68],
    [0.3, 0.8],
    [0.3, 0.98],
  ],
  [
    [0.5, 0.5],
    [0.5, 0.66],
    [0.58, 0.74],
  ],
  [
    [0.84, 0.24],
    [0.98, 0.24],
    [1.1, 0.36],
    [1.1, 0.86],
    [1.2, 0.96],
  ],
  [
    [0.83, 0.12],
    [1.06, 0.12],
    [1.18, 0.24],
    [1.46, 0.24],
  ],
  [
    [0.8, -0.08],
    [1.2, -0.08],
    [1.3, -0.18],
    [1.5, -0.18],
  ],
  [
    [0.78, -0.26],
    [0.96, -0.26],
    [1.08, -0.38],
    [1.08, -0.72],
    [1.22, -0.86],
  ],
  [
    [0.7, -0.52],
    [0.86, -0.52],
    [0.94, -0.6],
    [0.94, -1.04],
    [1.02, -1.12],
  ],
  [
    [0.46, -0.2],
    [0.46, -0.46],
    [0.54, -0.54],
    [0.54, -0.66],
  ],
  [
    [0.72, 0.72],
    [0.86, 0.86],
    [0.86, 1.08],
    [0.98, 1.2],
  ],
  [
    [0.1, -1.09],
    [0.1, -1.26],
    [0.2, -1.36],
  ],
]

const EYE: readonly At[] = [
  [0.17, 0.11],
  [0.29, 0.185],
  [0.49, 0.195],
  [0.6, 0.15],
  [0.46, 0.075],
  [0.28, 0.06],
]

/** A mask of planes with a current in it. */
export function drawCyber(pen: Pen): void {
  for (const side of [-1, 1]) {
    const line = (points: readonly At[]) => {
      for (const [at, [x, y]] of points.entries())
        if (at === 0) pen.moveTo(x * side, y)
        else pen.lineTo(x * side, y)
    }
    for (const plane of PLANES.split(' ')) {
      const [from, to] = plane.split('-').map((at) => CORNERS[Number(at)])
      if (from && to) stroke(pen, 0.012, pale(0.66), () => line([from, to]))
    }
    for (const [x, y] of CORNERS) dot(pen, [x * side, y], 0.017, pale(0.8))
    TRACES.forEach((trace, at) => {
      const colour = at % 3 === 1 ? pink : pale
      stroke(pen, 0.011, colour(0.75), () => line(trace))
      const end = trace.at(-1)
      if (end) dot(pen, [end[0] * side, end[1]], 0.028, colour(0.95))
    })
    pen.fillStyle = pale(0.22)
    stroke(pen, 0.014, pale(0.95), () => {
      line(EYE)
      pen.closePath()
      pen.fill()
    })
    stroke(pen, 0.02, pale(0.9), () =>
      line([
        [0, -0.535],
        [0.1, -0.52],
        [0.27, -0.53],
      ]),
    )
  }
}

function dot(pen: Pen, [x, y]: At, radius: number, style: string): void {
  pen.fillStyle = style
  pen.beginPath()
  pen.arc(x, y, radius, 0, Math.PI * 2)
  pen.fill()
}

function stroke(pen: Pen, width: number, style: string, path: () => void): void {
  pen.lineWidth = width
  pen.strokeStyle = style
  pen.beginPath()
  path()
  pen.stroke()
}
