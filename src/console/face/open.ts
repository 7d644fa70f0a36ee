import type { Desk } from '../desk.svelte.ts'
import { whenIdle } from '../idle.ts'
import { isStill, onMotion } from '../motion.ts'
import { type FaceChoice, onFaceChoice, onFaceForm, readFaceChoice, readFaceForm } from './choice.ts'
import type { Face } from './face.ts'

/**
 * Brings the face to the canvas when the page has been painted and has nothing else to do.
 * `tell` says whether it is there; without WebGL it never is.
 */
export function openFace(desk: Desk, host: HTMLElement, tell: (isThere: boolean) => void): () => void {
  const over = new AbortController()
  let choice = readFaceChoice()
  let form = readFaceForm()
  let face: { made: Face; leave(): void } | undefined
  let isLoading = false
  let isSoftware = false

  const decide = (): void => {
    if (choice === 'off' || over.signal.aborted) face?.leave()
    else if (face) face.made.still(drawnOnce(choice, isSoftware))
    else if (!isLoading) void load()
  }
  const load = async (): Promise<void> => {
    isLoading = true
    const canvas = document.createElement('canvas')
    const context = canvas.getContext('webgl2', {
      alpha: true,
      antialias: false,
      depth: false,
      stencil: false,
      powerPreference: 'low-power',
    })
    // Nothing to draw with: this page does not ask again.
    if (!context) return
    isSoftware = drawsInSoftware(context)
    const [{ Face }, { feel }] = await Promise.all([import('./face.ts'), import('./feel.svelte.ts')])
    isLoading = false
    if (over.signal.aborted) return
    host.append(canvas)
    const leave = () => {
      face = undefined
      forget()
      made.close()
      canvas.remove()
      tell(false)
    }
    const made = new Face(canvas, context, form, drawnOnce(choice, isSoftware), leave)
    const forget = feel(desk, made)
    face = { made, leave }
    tell(true)
    // It may have been switched off while it came.
    decide()
  }

  whenIdle(() => decide(), over.signal)
  onMotion(() => decide(), over.signal)
  onFaceChoice((next) => {
    choice = next
    decide()
  }, over.signal)
  onFaceForm((next) => {
    form = next
    face?.made.form(next)
  }, over.signal)
  return () => {
    over.abort()
    decide()
  }
}

/** A computer that draws without a graphics card would draw with all its strength: unasked, it gets a picture. */
function drawnOnce(choice: FaceChoice | undefined, isSoftware: boolean): boolean {
  return choice === 'still' || isStill() || (choice === undefined && isSoftware)
}

function drawsInSoftware(context: WebGL2RenderingContext): boolean {
  const info = context.getExtension('WEBGL_debug_renderer_info')
  const name: unknown = context.getParameter(info ? info.UNMASKED_RENDERER_WEBGL : context.RENDERER)
  return /swiftshader|llvmpipe|softpipe|software|basic render/i.test(String(name))
}
