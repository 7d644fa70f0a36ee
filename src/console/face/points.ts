import {
  BufferAttribute,
  BufferGeometry,
  CustomBlending,
  MaxEquation,
  OneFactor,
  Points,
  ShaderMaterial,
  Vector2,
  Vector4,
} from 'three'
import { weave } from './graph.ts'
import { FRAGMENT, VERTEX } from './shader.ts'
import type { Shape } from './shape.ts'

function makeUniforms() {
  return {
    time: { value: 0 },
    breath: { value: 0 },
    gather: { value: 0 },
    energy: { value: 0 },
    scatter: { value: 0 },
    voice: { value: 0 },
    ear: { value: 0 },
    keen: { value: 0 },
    you: { value: 0 },
    caution: { value: 0 },
    spike: { value: 0 },
    reach: { value: new Vector2(1, 1) },
    glow: { value: 0 },
    size: { value: 2 },
    quiet: { value: new Vector4(0, 1, 0, 1) },
    ink: { value: 0 },
    open: { value: 0 },
  }
}

export interface FacePoints {
  readonly object: Points
  readonly uniforms: ReturnType<typeof makeUniforms>
  /** Makes another face of them. */
  shape(shape: Shape): void
  /** Shows only this many of them. */
  show(count: number): void
  dispose(): void
}

export function makePoints(shape: Shape, random: () => number): FacePoints {
  const web = weave(shape.home.length / 3, random)
  const geometry = new BufferGeometry()
  const take = ({ home, drift, nature }: Shape) => {
    geometry.setAttribute('position', new BufferAttribute(home, 3))
    geometry.setAttribute('drift', new BufferAttribute(drift, 3))
    geometry.setAttribute('nature', new BufferAttribute(nature, 4))
  }
  take(shape)
  geometry.setAttribute('web', new BufferAttribute(web.place, 3))
  geometry.setAttribute('link', new BufferAttribute(web.link, 4))
  const uniforms = makeUniforms()
  const material = new ShaderMaterial({
    uniforms,
    vertexShader: VERTEX,
    fragmentShader: FRAGMENT,
    transparent: true,
    depthTest: false,
    depthWrite: false,
    // The lightest of all grains counts, not their sum: however many lie on one another, words before them stay readable.
    blending: CustomBlending,
    blendEquation: MaxEquation,
    blendSrc: OneFactor,
    blendDst: OneFactor,
    premultipliedAlpha: true,
  })
  const object = new Points(geometry, material)
  object.frustumCulled = false
  return {
    object,
    uniforms,
    shape: take,
    show: (shown) => geometry.setDrawRange(0, shown),
    dispose() {
      geometry.dispose()
      material.dispose()
    },
  }
}
