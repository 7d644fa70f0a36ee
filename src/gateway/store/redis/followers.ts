import { setTimeout as pause } from 'node:timers/promises'
import type { Leaving, Page } from '../store.ts'
import { Followed } from './followed.ts'
import type { Reader } from './reader.ts'
import type { Row } from './rows.ts'

export interface FollowersOptions {
  readonly reader: Reader
  /** Monotonic milliseconds. */
  readonly clock: () => number
  /** How long a task is followed when nobody waits for it. */
  readonly lingerMs: number
  lookUp(id: string): Promise<Row | undefined>
}

/** How long a reader may be busy with what it got before it is forgotten that its task ran. */
const SHOWN_MS = 90_000
const RETRY_MS = 200

/** The readers here of tasks that other gateways run: however many they are, a task comes here once. */
export class Followers {
  readonly #options: FollowersOptions
  readonly #followed = new Map<string, Followed>()
  /** Tasks that readers here have seen running, and when. Should Redis lose one, it has an end all the same. */
  readonly #shown = new Map<string, number>()
  #closed = false

  constructor(options: FollowersOptions) {
    this.#options = options
  }

  get bytes(): number {
    let sum = 0
    for (const { bytes } of this.#followed.values()) sum += bytes
    return sum
  }
  page(id: string, from: number): Page | undefined {
    return this.#followed.get(id)?.page(from)
  }
  /** Whether a reader here has seen it running and not ended. */
  ran(id: string): boolean {
    return this.#shown.has(id)
  }

  async wait(id: string, from: number, ms: number, signal: Leaving): Promise<void> {
    const deadline = performance.now() + ms
    const followed = this.#follow(id)
    followed.waiting++
    while (!followed.has(from) && !this.#closed && !signal.aborted) {
      const left = deadline - performance.now()
      if (left <= 0) break
      await followed.waiters.wait(left, signal)
    }
    followed.waiting--
    followed.idleSince = this.#options.clock()
  }

  /** What was freed here is not to be shown any more. */
  forget(id: string): void {
    this.#shown.delete(id)
    const followed = this.#followed.get(id)
    if (followed) this.#drop(followed)
  }

  /** Lets go of what nobody waits for. `gone`: what Redis has no more. */
  sweep(gone: (ids: readonly string[]) => Promise<readonly string[]>): Promise<void> {
    const { clock, lingerMs } = this.#options
    const now = clock()
    for (const followed of this.#followed.values()) {
      if (followed.live) this.#shown.set(followed.id, now)
      if (followed.end) this.#shown.delete(followed.id)
      if (followed.waiting === 0 && now - followed.idleSince > lingerMs) this.#drop(followed)
    }
    for (const [id, at] of this.#shown) if (now - at > SHOWN_MS) this.#shown.delete(id)
    const live = [...this.#followed.values()].filter((followed) => followed.live)
    if (live.length === 0) return Promise.resolve()
    return gone(live.map(({ id }) => id)).then((ids) => {
      for (const id of ids) {
        const followed = this.#followed.get(id)
        if (followed?.live) this.#drop(followed)
      }
    })
  }

  close(): void {
    this.#closed = true
    for (const { waiters } of this.#followed.values()) waiters.wake()
  }

  #follow(id: string): Followed {
    const known = this.#followed.get(id)
    if (known) return known
    const followed = new Followed(id)
    followed.idleSince = this.#options.clock()
    this.#followed.set(id, followed)
    void this.#begin(followed)
    return followed
  }

  async #begin(followed: Followed): Promise<void> {
    const row = await this.#lookUp(followed)
    if (!row || this.#followed.get(followed.id) !== followed) return this.#drop(followed)
    followed.begin(row)
    if (row.end) return
    this.#shown.set(followed.id, this.#options.clock())
    this.#options.reader.follow(followed)
  }

  /** While Redis is away, whoever waits goes on waiting. */
  async #lookUp(followed: Followed): Promise<Row | undefined> {
    while (!this.#closed)
      try {
        return await this.#options.lookUp(followed.id)
      } catch {
        if (followed.waiting === 0) return undefined
        await pause(RETRY_MS)
      }
    return undefined
  }

  #drop(followed: Followed): void {
    if (this.#followed.get(followed.id) === followed) this.#followed.delete(followed.id)
    this.#options.reader.unfollow(followed)
    followed.giveUp()
  }
}
