import { Envelope } from '../envelope.ts'
import { Mood } from '../mood.ts'
import { recallPoints, rememberPoints } from './budget.ts'
import { sequence } from './chance.ts'
import type { FaceForm } from './choice.ts'
import { Dissolve } from './dissolve.ts'
import { Effort } from './effort.ts'
import { Loop } from './loop.ts'
import { drawPicture } from './portrait.ts'
import { openScene, type Stage } from './scene.ts'
import { type Shape, shapeFace } from './shape.ts'
import { sounds } from './signal.ts'

export type FaceState = 'alive' | 'paused' | 'still'

const BLURRED_MS = 60_000
const APPEARS_MS = 900
const CHANCE = 0x9e3779b9
/** Frames a second when something goes on, and when nothing does. */
const DESKTOP = { points: 18_000, least: 4_500, work: 60, rest: 20 }
const PHONE = { points: 8_500, least: 3_000, work: 30, rest: 12 }
/** Slower than this is late: a screen that saves power shows no more. */
const SPENT_RATE = 30

/** The living face on a canvas: when it moves, when it rests, and what of it is shown. */
export class Face {
  readonly mood = new Mood(performance.now())
  state: FaceState = 'paused'

  readonly #canvas: HTMLCanvasElement
  readonly #scene: ReturnType<typeof openScene>
  readonly #loop = new Loop(
    { request: (tell) => requestAnimationFrame(tell), cancel: (id) => cancelAnimationFrame(id) },
    (now, since) => this.#frame(now, since),
  )
  readonly #device = matchMedia('(pointer: coarse)').matches || innerWidth < 700 ? PHONE : DESKTOP
  readonly #points = recallPoints(this.#device.least, this.#device.points, Date.now())
  readonly #effort = new Effort(this.#points, this.#device.least)
  readonly #dissolve: Dissolve
  readonly #talk = new Envelope(0, 700, 700, 0)
  readonly #calm = new Envelope(0, 900, 1_600, 0)
  readonly #presence = new Envelope(0, APPEARS_MS, APPEARS_MS, 0)
  readonly #over = new AbortController()
  #stage: Stage | undefined
  #isTalking = false
  #isRead = 0
  #isStill: boolean
  #isBlurred = false
  #blurring: number | undefined
  #redraw = 0
  #time = 20
  #breath = 0

  /** `lost` is called when the graphics card is taken away. */
  constructor(
    canvas: HTMLCanvasElement,
    context: WebGL2RenderingContext,
    form: FaceForm,
    isStill: boolean,
    lost: () => void,
  ) {
    this.#canvas = canvas
    this.#isStill = isStill
    this.#dissolve = new Dissolve(form)
    this.#scene = openScene(canvas, context, this.#shape(), sequence(CHANCE))
    canvas.dataset.form = form
    const { signal } = this.#over
    canvas.addEventListener('webglcontextlost', lost, { signal })
    addEventListener('resize', () => this.#fitted(), { signal })
    document.addEventListener('visibilitychange', () => this.#decide(), { signal })
    addEventListener('blur', () => this.#blurred(), { signal })
    addEventListener('focus', () => this.#awake(), { signal })
    addEventListener('pointerdown', () => this.#awake(), { signal })
    this.#decide()
  }

  /** Holds still, or lives again. */
  still(isStill: boolean): void {
    if (isStill === this.#isStill) return
    this.#isStill = isStill
    this.#decide()
  }

  form(form: FaceForm): void {
    this.#dissolve.form = form
    this.#canvas.dataset.form = form
    this.#changed()
  }

  place(stage: Stage): void {
    const was = this.#stage
    const isThere = was?.left === stage.left && was.top === stage.top
    if (isThere && was.width === stage.width && was.height === stage.height) return
    this.#stage = stage
    this.#scene.place(stage)
    this.#changed()
  }

  /** Whether there is a conversation in front of it, and how much of it is being read. */
  behind(isTalking: boolean, isRead: number): void {
    if (isTalking === this.#isTalking && isRead === this.#isRead) return
    this.#isTalking = isTalking
    this.#isRead = isRead
    this.#changed()
  }

  close(): void {
    this.#over.abort()
    clearTimeout(this.#blurring)
    cancelAnimationFrame(this.#redraw)
    this.#loop.rest()
    this.#scene.close()
  }

  /** Always the same chance, so that the face is always this face. */
  #shape(): Shape {
    const { drawn } = this.#dissolve
    return shapeFace(drawPicture(drawn), this.#points, sequence(CHANCE), drawn === 'cyber' ? 0.8 : 0)
  }

  #decide(): void {
    const isAway = document.hidden || this.#isBlurred
    this.state = this.#isStill ? 'still' : isAway ? 'paused' : 'alive'
    this.#canvas.dataset.state = this.state
    if (this.state === 'alive') this.#loop.run()
    else this.#loop.rest()
    if (this.#isStill) this.#changed()
  }

  #blurred(): void {
    clearTimeout(this.#blurring)
    this.#blurring = window.setTimeout(() => {
      this.#isBlurred = true
      this.#decide()
    }, BLURRED_MS)
  }

  #awake(): void {
    clearTimeout(this.#blurring)
    if (!this.#isBlurred) return
    this.#isBlurred = false
    this.#decide()
  }

  #fitted(): void {
    // A canvas of another size is empty until it is drawn again.
    if (this.#scene.resize()) this.#changed()
  }

  /** One frame for what does not move. */
  #changed(): void {
    if (this.state === 'alive' || this.#redraw !== 0 || !this.#stage) return
    this.#redraw = requestAnimationFrame(() => {
      this.#redraw = 0
      this.#talk.value = this.#isTalking ? 1 : 0
      this.#calm.value = this.#isRead
      this.#presence.value = 1
      if (this.#dissolve.jump()) this.#scene.shape(this.#shape())
      this.#draw(this.#isStill ? this.mood.still() : this.mood.at(performance.now()))
    })
  }

  #frame(now: number, sinceMs: number): void {
    const { speech, microphone, isListening } = sounds(now)
    Object.assign(this.mood, { speech, microphone, isListening })
    const look = this.mood.at(now)
    const isBusy = look.energy > 0.06 || look.voice > 0.02 || look.ear > 0.02
    const rate = isBusy ? this.#device.work : this.#device.rest
    this.#loop.rate(this.#effort.isSpent ? Math.min(rate, SPENT_RATE) : rate)
    if (this.#effort.took(sinceMs, 1_000 / Math.min(rate, SPENT_RATE))) {
      this.#scene.show(this.#effort.count)
      rememberPoints(this.#effort.count, Date.now())
    }
    const ms = Math.min(sinceMs, 100)
    if (this.#dissolve.step(look.graph, ms, now)) this.#scene.shape(this.#shape())
    this.#time += (ms / 1_000) * (0.75 + 1.1 * look.energy)
    this.#breath += (ms / 1_000) * (0.62 + 0.5 * look.energy)
    this.#talk.step(this.#isTalking ? 1 : 0, ms, now)
    this.#calm.step(this.#isRead, ms, now)
    this.#presence.step(1, ms, now)
    this.#draw(look)
  }

  #draw(look: ReturnType<Mood['at']>): void {
    this.#scene.draw({
      look,
      scatter: this.#dissolve.scatter,
      time: this.#time,
      breath: this.#breath,
      talk: this.#talk.value,
      calm: this.#calm.value,
      presence: this.#presence.value,
    })
  }
}
