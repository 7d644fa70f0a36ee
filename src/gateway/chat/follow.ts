import type { ServerResponse } from 'node:http'
import { Departure } from '../departure.ts'
import { drained } from '../drained.ts'
import { Fault } from '../fault.ts'
import type { Leaving, Page, Sleeper, StreamStore } from '../store/store.ts'
import { isFull, send } from './chunked.ts'
import { ending, endsBlank, PING } from './frames.ts'
import type { Pulses, Quiet } from './pulses.ts'

/** What a reader does with a page. A promise: it takes no more before that is fulfilled. */
type Show = (page: Page) => Promise<void> | undefined

/** One who reads a log: sleeps where there is nothing yet, and shows an empty page now and then all the same. */
class Follower implements Sleeper, Quiet {
  readonly #show: Show
  quietSince = performance.now()
  slot = 0
  next: number
  /** What the last pulse led to, if it is to be waited for. */
  pulsed: Promise<void> | undefined
  #woken: (() => void) | undefined

  constructor(from: number, show: Show) {
    this.next = from
    this.#show = show
  }

  sleep(): Promise<void> {
    return new Promise((resolve) => {
      this.#woken = resolve
    })
  }
  wake(): void {
    this.#woken?.()
    this.#woken = undefined
  }

  heard(): void {
    this.quietSince = performance.now()
  }

  /** Who does not sleep is being shown something, or waits for a store that looks. */
  pulse(): boolean {
    if (!this.#woken) return false
    try {
      this.pulsed = this.#show({ bytes: [], next: this.next })
    } catch (error) {
      this.pulsed = Promise.reject(error)
    }
    if (this.pulsed) this.wake()
    return true
  }
}

/**
 * Reads a log from number `from`: what is there, then what comes, then the end. It is the chat response, the resume response and the
 * second device, all three. An empty page is a pulse: nothing came for that long.
 * @throws Fault `task_not_found` when the log is unknown, or was evicted on the way
 */
export async function follow(
  store: StreamStore,
  id: string,
  from: number,
  pulses: Pulses,
  gone: Leaving,
  show: Show,
): Promise<void> {
  if (gone.aborted) return
  const follower = new Follower(from, show)
  const leave = () => follower.wake()
  gone.addEventListener('abort', leave)
  pulses.add(follower)
  try {
    for (;;) {
      // What is in memory comes without a promise, of which there would be several an event.
      const reading = store.read(id, follower.next)
      const page = reading instanceof Promise ? await reading : reading
      if (gone.aborted) return
      if (!page) throw new Fault('task_not_found', 'this answer is not known here, or no longer')
      if (page.bytes.length > 0 || page.end) {
        const shown = show(page)
        if (shown) await shown
        follower.heard()
      }
      if (page.end || gone.aborted) return
      follower.next = page.next
      if (store.watch(id, page.next, follower)) await follower.sleep()
      if (follower.pulsed) {
        await follower.pulsed
        follower.pulsed = undefined
      }
      if (gone.aborted) return
    }
  } finally {
    pulses.remove(follower)
    store.unwatch(id, follower)
    gone.removeEventListener('abort', leave)
  }
}

const GAP = Buffer.from('\n\n')

export interface Pace {
  readonly pulses: Pulses
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
    await follow(store, id, from, pace.pulses, gone, (page) => {
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
