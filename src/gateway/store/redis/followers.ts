import { setTimeout as pause } from 'node:timers/promises'
import type { Page, Sleeper } from '../store.ts'
import { Followed } from './followed.ts'
import { LOST } from './owned.ts'
import type { Pages } from './pages.ts'
import type { Reader } from './reader.ts'
import type { Row } from './rows.ts'

export interface FollowersOptions {
  readonly reader: Reader
  readonly pages: Pages
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

  read(id: string, from: number): Page | Promise<Page | undefined> {
    const page = this.#followed.get(id)?.page(from)
    return page && (page.next > from || page.end) ? page : this.#fetch(id, from, page)
  }

  watch(id: string, sleeper: Sleeper): boolean {
    const followed = this.#followed.get(id) ?? this.#follow(id)
    followed.wantedAt = this.#options.clock()
    if (followed.has(sleeper.next) || this.#closed) return false
    followed.waiters.add(sleeper)
    return true
  }

  unwatch(id: string, sleeper: Sleeper): void {
    const followed = this.#followed.get(id)
    if (followed?.waiters.delete(sleeper)) followed.wantedAt = this.#options.clock()
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
      if (followed.waiters.size === 0 && now - followed.wantedAt > lingerMs) this.#drop(followed)
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

  /** What Redis has; `page` is what is here meanwhile. Should Redis have lost what readers here saw running, that is its end. */
  async #fetch(id: string, from: number, page: Page | undefined): Promise<Page | undefined> {
    try {
      const stored = await this.#options.pages.read(id, from)
      if (stored) return stored
    } catch (error) {
      if (page) return page
      throw error
    }
    return this.#shown.has(id) ? { bytes: [], next: from, end: LOST } : undefined
  }

  #follow(id: string): Followed {
    const followed = new Followed(id)
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
        if (followed.waiters.size === 0) return undefined
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
