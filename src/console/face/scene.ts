import { PerspectiveCamera, Scene, WebGLRenderer } from 'three'
import type { Look } from '../mood.ts'
import { makePoints } from './points.ts'
import type { Shape } from './shape.ts'

/** Where the conversation is on the screen, in CSS pixels. */
export interface Stage {
  readonly left: number
  readonly top: number
  readonly width: number
  readonly height: number
}

export interface Pose {
  readonly look: Look
  /** 0 is all face, 1 is all graph. */
  readonly scatter: number
  /** Its own time and breath, which run faster when more goes on. */
  readonly time: number
  readonly breath: number
  /** 0 before the first word, 1 in a conversation. */
  readonly talk: number
  /** 1 while somebody reads. */
  readonly calm: number
  /** 0 to 1 as it appears. */
  readonly presence: number
}

export interface FaceScene {
  /** Takes the size of the window; true when it is another. */
  resize(): boolean
  place(stage: Stage): void
  show(count: number): void
  shape(shape: Shape): void
  draw(pose: Pose): void
  close(): void
}

const PIXELS_MOST = 2_400_000
const DISTANCE = 6
const FIELD_DEGREES = 30
const SEEN_HEIGHT = 2 * DISTANCE * Math.tan((FIELD_DEGREES * Math.PI) / 360)
const HEAD_HEIGHT = 2.4
/** Half the width of the text, in CSS pixels: see `--measure`. */
const WORDS_PX = 362
/** The graph spreads over the page, and a little beyond it. */
const WEB_PART = 1.06

export function openScene(
  canvas: HTMLCanvasElement,
  context: WebGL2RenderingContext,
  shape: Shape,
  random: () => number,
): FaceScene {
  const renderer = new WebGLRenderer({ canvas, context })
  renderer.setClearColor(0x000000, 0)
  const scene = new Scene()
  const camera = new PerspectiveCamera(FIELD_DEGREES, 1, 0.1, 30)
  camera.position.z = DISTANCE
  const face = makePoints(shape, random)
  scene.add(face.object)
  let [width, height, ratio] = [0, 0, 0]
  let stage: Stage = { left: 0, top: 0, width: innerWidth, height: innerHeight }

  const resize = () => {
    const before = `${width} ${height} ${ratio}`
    width = Math.max(1, innerWidth)
    height = Math.max(1, innerHeight)
    ratio = Math.min(devicePixelRatio || 1, 1.5, Math.sqrt(PIXELS_MOST / (width * height)))
    if (`${width} ${height} ${ratio}` === before) return false
    renderer.setPixelRatio(ratio)
    renderer.setSize(width, height, false)
    camera.aspect = width / height
    camera.updateProjectionMatrix()
    return true
  }

  const draw = ({ look, scatter, time, breath, talk, calm, presence }: Pose) => {
    const { object, uniforms } = face
    const isNarrow = stage.width < 700
    const before = Math.min(stage.height * 0.62, stage.width * 1.12)
    const during = Math.min(stage.height * 1.02, stage.width * (isNarrow ? 1.5 : 1.1))
    const headPx = mix(before, during, talk)
    const middleX = stage.left + stage.width / 2
    const middleY = stage.top + stage.height * mix(isNarrow ? 0.26 : 0.275, 0.48, talk)
    const unitsPerPx = SEEN_HEIGHT / height
    const scale = (headPx * unitsPerPx) / HEAD_HEIGHT
    object.scale.setScalar(scale)
    // The skin, not the middle of the head, is as far away as the sizes here assume.
    const skin = -0.4 * scale
    object.position.set((middleX - width / 2) * unitsPerPx, (height / 2 - middleY) * unitsPerPx, skin)
    object.rotation.set(0.04 * Math.sin(time * 0.17), -0.1 + 0.14 * Math.sin(time * 0.11), 0)

    uniforms.time.value = time
    uniforms.breath.value = Math.sin(breath)
    uniforms.gather.value = look.gather
    uniforms.energy.value = look.energy
    uniforms.scatter.value = scatter
    uniforms.voice.value = look.voice
    uniforms.ear.value = look.ear
    uniforms.keen.value = look.keen
    uniforms.you.value = look.you
    uniforms.caution.value = look.caution
    uniforms.spike.value = look.spike
    uniforms.glow.value = look.glow
    const halfPage = (WEB_PART * SEEN_HEIGHT) / 2 / scale
    uniforms.reach.value.set((halfPage * stage.width) / height, (halfPage * stage.height) / height)
    uniforms.size.value = ratio * Math.min(5.2, Math.max(2.6, headPx / 150))
    const across = (2 * middleX) / width - 1
    // Before the first word, words are in the middle of the page; later they are everywhere in their column.
    const wordsY = stage.top + stage.height * mix(0.535, 0.5, talk)
    const wordsPx = Math.min(mix(230, WORDS_PX, talk), stage.width / 2)
    uniforms.quiet.value.set(
      across,
      (2 * wordsPx) / width,
      1 - (2 * wordsY) / height,
      mix((2 * 120) / height, 3, talk),
    )
    const rest = 1 - 0.45 * calm * talk
    uniforms.ink.value = presence * rest * 0.17
    uniforms.open.value = presence * rest * mix(0.95, 0.58, talk)
    renderer.render(scene, camera)
  }

  resize()
  return {
    resize,
    place(next) {
      stage = next
    },
    show: (count) => face.show(count),
    shape: (next) => face.shape(next),
    draw,
    close() {
      face.dispose()
      renderer.dispose()
      // Browsers allow a page only so many contexts; waiting for the collector would use them up.
      renderer.forceContextLoss()
    },
  }
}

function mix(from: number, to: number, part: number): number {
  return from + (to - from) * part
}
