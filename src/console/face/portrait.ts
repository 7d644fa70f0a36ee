import { drawCyber, drawFace } from './artwork.ts'
import { type Drawn, FRAME, HEIGHT, type Picture, paintSkin, WIDTH } from './picture.ts'

/** Our own picture of a face: light on skin, and lines drawn over it. */
export function drawPicture(form: Drawn): Picture {
  const skin = form === 'face' ? paintSkin(1) : paintSkin(0.2)
  const canvas = document.createElement('canvas')
  canvas.width = WIDTH
  canvas.height = HEIGHT
  const context = canvas.getContext('2d', { willReadFrequently: true })
  if (!context) return skin
  const pixels = context.createImageData(WIDTH, HEIGHT)
  pixels.data.set(skin.data)
  context.putImageData(pixels, 0, 0)
  context.setTransform(FRAME.scale, 0, 0, -FRAME.scale, -FRAME.left * FRAME.scale, FRAME.top * FRAME.scale)
  context.globalCompositeOperation = 'lighter'
  context.lineCap = 'round'
  context.lineJoin = 'round'
  if (form === 'face') drawFace(context)
  else drawCyber(context)
  const { data } = context.getImageData(0, 0, WIDTH, HEIGHT)
  // Browsers that hide what they are give back noise: the skin alone, which was never read from a canvas, is a face too.
  return isNoise(data) ? skin : { width: WIDTH, height: HEIGHT, data }
}

/** Nothing is ever drawn in the upper corners. */
function isNoise(data: Uint8ClampedArray): boolean {
  for (let column = 0; column < 12; column += 1)
    for (const at of [column, WIDTH - 1 - column]) if ((data[at * 4 + 1] ?? 0) > 8) return true
  return false
}
