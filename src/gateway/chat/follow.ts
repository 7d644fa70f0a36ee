import type { ServerResponse } from 'node:http'
import { Departure } from '../departure.ts'
import { drained } from '../drained.ts'
import { Fault } from '../fault.ts'
import type { Leaving, Page, Sleeper, StreamStore } from '../store/store.ts'
import { isFull, send } from './chunked.ts'
import { ending, endsBlank, PING } from './frames.ts'

/** What a reader does with a page. A promise: it takes no more before that is fulfilled. */
type Show = (page: Page) => Promise<void> | undefined

/** Pulses that fall into the same sixtieth of their time go together: to wake the process for each costs half as much as they do. */
const TOGETHER = 1 / 60

/** One who reads a log: sleeps where there is nothing yet, and is woken now and then all the same. */
class Follower implements Sleeper {
  readonly #grainMs: number
  /** Half a grain early at most, and half a grain late. */
  readonly #quietMs: number
  #quietSince = performance.now()
  #timer: NodeJS.Timeout | undefined
  #woken: (() => void) | undefined

  constructor(pulseMs: number) {
    this.#grainMs = pulseMs * TOGETHER
    this.#quietMs = pulseMs - this.#grainMs / 2
    this.#setTimer()
  }

  /** Nothing came for so long that the reader is to hear of it. */
  get isDue(): boolean {
    return performance.now() - this.#quietSince >= this.#quietMs
  }

  sleep(): Promise<void> {
    return new Promise((resolve) => {
      this.#woken = resolve
    })
  }
  wake(): void {
    this.#woken?.()
  }

  heard(): void {
    this.#quietSince = performance.now()
  }
  stop(): void {
    clearTimeout(this.#timer)
  }

  /** One timer for a reader, that looks what is left: one for each time it sleeps would be a good part of what an event costs. */
  #setTimer(quietSince = this.#quietSince): void {
    const at = Math.ceil((quietSince + this.#quietMs) / this.#grainMs) * this.#grainMs
    this.#timer = setTimeout(() => {
      if (!this.isDue) return this.#setTimer()
      this.wake()
      this.#setTimer(performance.now())
    }, at - performance.now())
  }
}

/**
 * Reads a log from number `from`: what is there, then what comes, then the end. It is the chat response, the resume response and the
 * second device, all three. An empty page is a pulse: nothing came for `pulseMs`.
 * @throws Fault `task_not_found` when the log is unknown, or was evicted on the way
 */
export async function follow(
  store: StreamStore,
  id: string,
  from: number,
  pulseMs: number,
  gone: Leaving,
  show: Show,
): Promise<void> {
  if (gone.aborted) return
  const follower = new Follower(pulseMs)
  const leave = () => follower.wake()
  gone.addEventListener('abort', leave)
  try {
    for (let next = from; ; ) {
      // What is in memory comes without a promise, of which there would be several an event.
      const reading = store.read(id, next)
      const page = reading instanceof Promise ? await reading : reading
      if (gone.aborted) return
      if (!page) throw new Fault('task_not_found', 'this answer is not known here, or no longer')
      if (page.bytes.length > 0 || page.end || follower.isDue) {
        const shown = show(page)
        if (shown) await shown
        follower.heard()
      }
      if (page.end || gone.aborted) return
      next = page.next
      if (!follower.isDue && store.watch(id, next, follower)) await follower.sleep()
      if (gone.aborted) return
    }
  } finally {
    follower.stop()
    store.unwatch(id, follower)
    gone.removeEventListener('abort', leave)
  }
}

const GAP = Buffer.from('\n\n')

export interface Pace {
  readonly pulseMs: number
  /** How long the reader may take nothing. */
  readonly stallMs: number
}

/**
 * Writes a log to one reader at the reader's own pace, down to its ending. A reader that takes nothing for `stallMs` is cut off and
 * may resume; so is one whose log was evicted, since a clean end would look like the whole answer.
 */
export async function tell(
  store: StreamStore,
  id: string,
  from: number,
  pace: Pace,
  raw: ServerResponse,
): Promise<void> {
  const gone = new Departure()
  raw.on('close', () => gone.abort())
  if (raw.destroyed) return
  let last: Uint8Array | undefined
  try {
    await follow(store, id, from, pace.pulseMs, gone, (page) => {
      for (const bytes of page.bytes) send(raw, bytes)
      last = page.bytes.at(-1) ?? last
      if (page.end) {
        const mark = ending(page.end)
        if (mark && last && !endsBlank(last)) send(raw, GAP)
        if (mark) send(raw, mark)
      } else if (page.bytes.length === 0) send(raw, PING)
      return isFull(raw) ? drained(raw, pace.stallMs, gone) : undefined
    })
    raw.end()
  } catch (error) {
    raw.destroy()
    if (!(error instanceof Fault)) throw error
  }
}
