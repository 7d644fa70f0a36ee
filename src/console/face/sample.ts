import { FRAME, type Picture } from './picture.ts'

/** A place in a picture. */
export interface Grain {
  readonly x: number
  readonly y: number
  /** How light it is there, 0 to 1. */
  readonly light: number
  /** How much of the light is magenta. */
  readonly magenta: number
}

/** Takes places out of a picture: the lighter, the more often. */
export function sampler(picture: Picture): (random: () => number) => Grain {
  const { width, height, data } = picture
  const upTo = new Float64Array(width * height)
  let sum = 0
  for (let pixel = 0; pixel < upTo.length; pixel += 1) {
    sum += luminance(data, pixel) ** 1.15
    upTo[pixel] = sum
  }
  if (sum === 0) throw new Error('there is nothing in the picture')
  return (random) => {
    const pixel = firstAbove(upTo, random() * sum)
    const [column, row] = [pixel % width, Math.floor(pixel / width)]
    const [red, green] = [data[pixel * 4] ?? 0, data[pixel * 4 + 1] ?? 0]
    return {
      x: FRAME.left + ((column + random()) / width) * FRAME.width,
      y: FRAME.top - ((row + random()) / height) * FRAME.height,
      light: luminance(data, pixel),
      magenta: Math.min(1, Math.max(0, (red - green) / Math.max(1, red)) * 1.35),
    }
  }
}

/** The largest of the three, so that magenta is not taken for darkness. */
function luminance(data: Uint8ClampedArray, pixel: number): number {
  const at = pixel * 4
  return Math.max(data[at] ?? 0, data[at + 1] ?? 0, data[at + 2] ?? 0) / 255
}

function firstAbove(upTo: Float64Array, sought: number): number {
  let [low, high] = [0, upTo.length - 1]
  while (low < high) {
    const middle = (low + high) >> 1
    if ((upTo[middle] ?? 0) > sought) high = middle
    else low = middle + 1
  }
  return low
}
