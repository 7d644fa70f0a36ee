import { relief, shading } from './relief.ts'

/** Pixels, four bytes each, as a canvas gives them. */
export interface Picture {
  readonly width: number
  readonly height: number
  readonly data: Uint8ClampedArray
}

/** The part of the plane that is in a picture, in the units of the head, and pixels to a unit. */
export const FRAME = { left: -1.6, top: 1.6, width: 3.2, height: 3.1, scale: 100 } as const

export const WIDTH = Math.round(FRAME.width * FRAME.scale)
export const HEIGHT = Math.round(FRAME.height * FRAME.scale)
/** The lines of a screen across the skin, to a unit. */
const LINES = 29

export type Drawn = 'face' | 'cyber'

/** Skin as light in grey, with magenta where the light comes from behind. */
export function paintSkin(strength: number): Picture {
  const skinDepth = relief()
  const data = new Uint8ClampedArray(WIDTH * HEIGHT * 4)
  for (let row = 0; row < HEIGHT; row += 1)
    for (let column = 0; column < WIDTH; column += 1) {
      const x = FRAME.left + (column + 0.5) / FRAME.scale
      const y = FRAME.top - (row + 0.5) / FRAME.scale
      const { light, rim } = shading(skinDepth, x, y)
      const line = 0.72 + 0.28 * Math.cos(y * LINES * 2 * Math.PI)
      const grey = 235 * strength * Math.min(1, light) * line
      data.set([grey, grey * (1 - 0.75 * Math.min(1, rim * 1.6)), grey, 255], (row * WIDTH + column) * 4)
    }
  return { width: WIDTH, height: HEIGHT, data }
}
