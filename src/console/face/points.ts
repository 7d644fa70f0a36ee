import {
  BufferAttribute,
  BufferGeometry,
  CustomBlending,
  MaxEquation,
  OneFactor,
  Points,
  ShaderMaterial,
  Vector4,
} from 'three'
import { FRAGMENT, VERTEX } from './shader.ts'
import { shapeFace } from './shape.ts'

function makeUniforms() {
  return {
    time: { value: 0 },
    breath: { value: 0 },
    gather: { value: 0 },
    energy: { value: 0 },
    voice: { value: 0 },
    warmth: { value: 0 },
    spike: { value: 0 },
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
  /** Shows only this many of them. */
  show(count: number): void
  dispose(): void
}

export function makePoints(count: number, random: () => number): FacePoints {
  const shape = shapeFace(count, random)
  const geometry = new BufferGeometry()
  geometry.setAttribute('position', new BufferAttribute(shape.home, 3))
  geometry.setAttribute('drift', new BufferAttribute(shape.drift, 3))
  geometry.setAttribute('nature', new BufferAttribute(shape.nature, 4))
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
    show: (shown) => geometry.setDrawRange(0, shown),
    dispose() {
      geometry.dispose()
      material.dispose()
    },
  }
}
