import type { End, TaskStatus } from '../../protocol.ts'
import { Fault } from '../fault.ts'
import type { NewTask, Page, StoreLimits, TaskInfo } from './store.ts'
import { Waiters } from './waiters.ts'

/**
 * What every back end in this process knows of a task. A class, as are those made of it: every literal with getters has a shape of its
 * own, and whatever touches one looks its fields up by name.
 */
export abstract class Entry {
  readonly id: string
  readonly claim: NewTask['claim']
  readonly createdAt: number
  readonly waiters = new Waiters()
  finishedAt: number | undefined = undefined
  /** By the clock that nobody can turn. */
  forgetAt = Number.POSITIVE_INFINITY
  end: End | undefined = undefined

  constructor({ id, claim }: NewTask, createdAt = Date.now()) {
    this.id = id
    this.claim = claim
    this.createdAt = createdAt
  }

  abstract get chunks(): number
  abstract get bytes(): number
}

export interface LedgerOptions<E extends Entry> {
  readonly limits: Pick<StoreLimits, 'tasks' | 'ttlMs'>
  /** Monotonic milliseconds. */
  readonly clock: () => number
  /** The entry is gone from the ledger: its bytes may go too. */
  onForget(entry: E): void
}

/** Which tasks there are: how many, in which order they ended, who claimed them and when they are forgotten. */
export class Ledger<E extends Entry> {
  readonly #options: LedgerOptions<E>
  readonly #entries = new Map<string, E>()
  /** In the order they ended: the first is the first to go. */
  readonly #finished = new Set<E>()
  readonly #claims = new Map<string, E>()
  #evicted = 0

  constructor(options: LedgerOptions<E>) {
    this.#options = options
  }

  /** Finished tasks that were freed before their time to make room. */
  get evicted(): number {
    return this.#evicted
  }

  /** The entry of a task that is known; one whose time is over is forgotten on the way. */
  get(id: string): E | undefined {
    const entry = this.#entries.get(id)
    // What runs has no time to be over: the clock need not be asked.
    if (!entry?.end || entry.forgetAt > this.#options.clock()) return entry
    this.forget(entry)
    return undefined
  }

  /**
   * The task that holds the same claim, if there is one; else there is room for a new one after this.
   * @throws Fault `at_capacity`, `idempotency_conflict`; Error when the id is taken, since ids are used once
   */
  makeRoom({ id, claim }: NewTask): E | undefined {
    this.sweep()
    if (this.#entries.has(id)) throw new Error(`the task ${id} exists already`)
    const claimed = claim && this.#claims.get(claim.key)
    if (claimed) {
      if (claimed.claim?.digest === claim.digest) return claimed
      throw new Fault('idempotency_conflict', 'this Idempotency-Key was used with another body')
    }
    const { tasks } = this.#options.limits
    while (this.#entries.size >= tasks)
      if (!this.evictOldest())
        throw new Fault('at_capacity', `all ${tasks} places are taken by running answers`, { retryAfterS: 5 })
    return undefined
  }

  add(entry: E): void {
    this.#entries.set(entry.id, entry)
    if (entry.claim) this.#claims.set(entry.claim.key, entry)
    if (entry.end) this.#finished.add(entry)
  }

  /** Seals an entry; it is readable for the time to live from now on. */
  finish(entry: E, end: End): void {
    entry.end = end
    entry.finishedAt = Date.now()
    entry.forgetAt = this.#options.clock() + this.#options.limits.ttlMs
    this.#finished.add(entry)
    entry.waiters.wake()
  }

  sweep(): void {
    const now = this.#options.clock()
    for (const entry of this.#finished) {
      if (entry.forgetAt > now) return
      this.forget(entry)
    }
  }

  /** False: nothing has ended yet, so nothing may go. */
  evictOldest(): boolean {
    for (const entry of this.#finished) {
      this.evict(entry)
      return true
    }
    return false
  }

  evict(entry: E): void {
    this.forget(entry)
    this.#evicted++
  }

  /** After a restart there may be more than there are places. */
  shrink(): void {
    while (this.#entries.size > this.#options.limits.tasks && this.evictOldest());
  }

  forget(entry: E): void {
    this.#entries.delete(entry.id)
    this.#finished.delete(entry)
    if (entry.claim) this.#claims.delete(entry.claim.key)
    this.#options.onForget(entry)
    entry.waiters.wake()
  }

  /** In the order they ended. */
  finished(): Iterable<E> {
    return this.#finished
  }
  /** In the order they began. */
  all(): Iterable<E> {
    return this.#entries.values()
  }
  newestFirst(): TaskInfo[] {
    this.sweep()
    return [...this.#entries.values()].reverse().map(infoOf)
  }
}

export function infoOf(entry: Entry): TaskInfo {
  const status: TaskStatus = entry.end?.reason ?? 'running'
  const { id, chunks, bytes, createdAt, finishedAt, end } = entry
  return { id, status, chunks, bytes, createdAt, finishedAt, end }
}

/** A page that reaches the end of its log has that end. */
export function withEnd(entry: Entry, page: Page): Page {
  return entry.end && page.next >= entry.chunks ? { ...page, end: entry.end } : page
}
