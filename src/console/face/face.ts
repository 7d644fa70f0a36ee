import { Envelope, Mood } from '../mood.ts'
import { Effort, Loop } from './loop.ts'
import { openScene, type Stage } from './scene.ts'

export type FaceState = 'alive' | 'paused' | 'still'

const BLURRED_MS = 60_000
const APPEARS_MS = 900
const DESKTOP = { points: 16_000, least: 4_000, work: 30, rest: 24 }
const PHONE = { points: 7_000, least: 2_500, work: 24, rest: 12 }

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
  readonly #effort = new Effort(this.#device.points, this.#device.least)
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
    isStill: boolean,
    lost: () => void,
  ) {
    this.#canvas = canvas
    this.#isStill = isStill
    this.#scene = openScene(canvas, context, this.#device.points)
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
      this.#draw(this.#isStill ? this.mood.still() : this.mood.at(performance.now()))
    })
  }

  #frame(now: number, sinceMs: number): void {
    const look = this.mood.at(now)
    const rate = look.energy > 0.06 ? this.#device.work : this.#device.rest
    this.#loop.rate(rate)
    if (this.#effort.took(sinceMs, 1_000 / rate)) this.#scene.show(this.#effort.count)
    const ms = Math.min(sinceMs, 100)
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
      time: this.#time,
      breath: this.#breath,
      talk: this.#talk.value,
      calm: this.#calm.value,
      presence: this.#presence.value,
    })
  }
}
