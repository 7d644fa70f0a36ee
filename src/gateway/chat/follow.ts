import { Fault } from '../fault.ts'
import type { Leaving, Page, Sleeper, StreamStore } from '../store/store.ts'
import { now, type Pulses, type Quiet } from './pulses.ts'

/**
 * One who reads a log from number `next`: what is there, then what comes, then the end. It is the chat response, the resume response and
 * the second device, all three. In steps: what there is, then asleep until a store wakes it; a loop that waits would leave promises that
 * are a tenth of what an event costs. And one object with whoever shows the pages: of hundreds of streams none is in the processor's cache
 * when its turn comes, and each object that an event has to be led through takes a fifth of a microsecond.
 */
export abstract class Follower implements Sleeper, Quiet {
  quietSince = now()
  slot = 0
  next: number
  readonly #store: StreamStore
  readonly #id: string
  /** Whoever is not asleep is in the midst of a step, or waits for a store that looks or for the reader. */
  #asleep = true
  #left = false
  #settle: (error?: unknown) => void = () => {}

  constructor(store: StreamStore, id: string, from: number) {
    this.#store = store
    this.#id = id
    this.next = from
  }

  /**
   * Does with a page what is to be done; an empty one is a pulse: nothing came for that long. A promise: no more is taken before that is
   * fulfilled. The store calls it in the midst of its work, so it must not write to it.
   */
  protected abstract show(page: Page): Promise<void> | undefined

  /**
   * Fulfilled at the end of the log, and when the reader has gone.
   * @throws Fault `task_not_found` when the log is unknown, or was evicted on the way
   */
  async follow(pulses: Pulses, gone: Leaving): Promise<void> {
    if (gone.aborted) return
    const over = new Promise<void>((resolve, reject) => {
      this.#settle = (error) => (error === undefined ? resolve() : reject(error))
    })
    const leave = () => {
      this.#left = true
      this.wake()
    }
    gone.addEventListener('abort', leave)
    pulses.add(this)
    try {
      this.wake()
      await over
    } finally {
      pulses.remove(this)
      this.#store.unwatch(this.#id, this)
      gone.removeEventListener('abort', leave)
    }
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
      const shown = this.show({ bytes: [], next: this.next })
      if (shown) this.#wait(shown, () => true)
      else this.#asleep = true
      if (this.#left) this.wake()
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
    if (this.#left) return this.#end()
    const page = this.#store.read(this.#id, this.next)
    return page instanceof Promise ? this.#wait(page, (read) => this.#take(read)) : this.#take(page)
  }

  #take(page: Page | undefined): boolean {
    if (this.#left) return this.#end()
    if (!page) throw new Fault('task_not_found', 'this answer is not known here, or no longer')
    if (page.bytes.length === 0 && !page.end) return this.#past(page)
    const shown = this.show(page)
    return shown ? this.#wait(shown, () => this.#shown(page)) : this.#shown(page)
  }

  #shown(page: Page): boolean {
    this.quietSince = now()
    return this.#past(page)
  }

  #past({ next, end }: Page): boolean {
    if (end || this.#left) return this.#end()
    this.next = next
    this.#asleep = this.#store.watch(this.#id, this)
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
