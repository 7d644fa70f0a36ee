import type { ServerResponse } from 'node:http'
import { Departure } from '../departure.ts'
import { drained } from '../drained.ts'
import { Fault } from '../fault.ts'
import type { Leaving, Page, Sleeper, StreamStore } from '../store/store.ts'
import { isFull, send } from './chunked.ts'
import { ending, endsBlank, PING } from './frames.ts'
import type { Pulses, Quiet } from './pulses.ts'

/** What a reader does with a page. A promise: it takes no more before that is fulfilled. The store calls it in the midst of its work, so it must not write to it. */
type Show = (page: Page) => Promise<void> | undefined

/**
 * One who reads a log, in steps: what there is, then asleep until a store wakes it. Steps and not a loop that waits, whose promises were
 * a tenth of what an event costs.
 */
class Follower implements Sleeper, Quiet {
  /** Fulfilled at the end of the log, and when the reader has gone. */
  readonly over: Promise<void>
  quietSince = performance.now()
  slot = 0
  readonly #store: StreamStore
  readonly #id: string
  readonly #gone: Leaving
  readonly #show: Show
  #next: number
  /** Whoever is not asleep is in the midst of a step, or waits for a store that looks or for the reader. */
  #asleep = true
  #settle: (error?: unknown) => void = () => {}

  constructor(store: StreamStore, id: string, from: number, gone: Leaving, show: Show) {
    this.#store = store
    this.#id = id
    this.#next = from
    this.#gone = gone
    this.#show = show
    this.over = new Promise((resolve, reject) => {
      this.#settle = (error) => (error === undefined ? resolve() : reject(error))
    })
  }

  /** Never throws: stores wake many in a row. */
  wake(): void {
    if (!this.#asleep) return
    this.#asleep = false
    this.#goOn(true)
  }

  pulse(): boolean {
    if (!this.#asleep) return false
    this.#asleep = false
    try {
      const shown = this.#show({ bytes: [], next: this.#next })
      if (shown) this.#wait(shown, () => true)
      else this.#asleep = true
      if (this.#gone.aborted) this.wake()
    } catch (error) {
      this.#settle(error)
    }
    return true
  }

  #goOn(more: boolean): void {
    try {
      while (more) more = this.#step()
    } catch (error) {
      this.#settle(error)
    }
  }

  /** True: there may be more at once. */
  #step(): boolean {
    if (this.#gone.aborted) return this.#end()
    const page = this.#store.read(this.#id, this.#next)
    return page instanceof Promise ? this.#wait(page, (read) => this.#take(read)) : this.#take(page)
  }

  #take(page: Page | undefined): boolean {
    if (this.#gone.aborted) return this.#end()
    if (!page) throw new Fault('task_not_found', 'this answer is not known here, or no longer')
    if (page.bytes.length === 0 && !page.end) return this.#past(page)
    const shown = this.#show(page)
    return shown ? this.#wait(shown, () => this.#shown(page)) : this.#shown(page)
  }

  #shown(page: Page): boolean {
    this.quietSince = performance.now()
    return this.#past(page)
  }

  #past({ next, end }: Page): boolean {
    if (end || this.#gone.aborted) return this.#end()
    this.#next = next
    this.#asleep = this.#store.watch(this.#id, next, this)
    return !this.#asleep
  }

  #wait<T>(promise: Promise<T>, then: (value: T) => boolean): false {
    promise.then((value) => this.#goOn(then(value))).catch(this.#settle)
    return false
  }

  #end(): false {
    this.#settle()
    return false
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
  const follower = new Follower(store, id, from, gone, show)
  const leave = () => follower.wake()
  gone.addEventListener('abort', leave)
  pulses.add(follower)
  try {
    follower.wake()
    await follower.over
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
