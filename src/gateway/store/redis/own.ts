import type { End } from '../../../protocol.ts'
import { Ledger, withEnd } from '../ledger.ts'
import {
  type Appended,
  type Batch,
  fitting,
  lengthOf,
  type NewTask,
  PAGE_BYTES,
  type Page,
  type Sleeper,
  type StoreLimits,
} from '../store.ts'
import { Owned } from './owned.ts'
import { Unsent, type UnsentOptions } from './unsent.ts'

export interface OwnOptions extends Omit<UnsentOptions, 'onEnd' | 'ttlMs'> {
  readonly limits: StoreLimits
  /** Monotonic milliseconds. */
  readonly clock: () => number
  readonly lingerMs: number
  /** Redis is to forget these. */
  onEvict(id: string): void
  /** Redis believes that this gateway runs it. */
  onOrphan(id: string): void
}

/**
 * The tasks of this gateway. Those that run are held here whole: their readers here need no Redis, and what Redis loses it is sent again.
 * One that ended is read from Redis soon after.
 */
export class Own {
  readonly #options: OwnOptions
  readonly #ledger: Ledger<Owned>
  readonly #unsent: Unsent
  /** Bytes in Redis that this gateway put there. */
  #kept = 0

  constructor(options: OwnOptions) {
    this.#options = options
    const { limits, clock } = options
    this.#ledger = new Ledger({
      limits: { tasks: Number.POSITIVE_INFINITY, ttlMs: limits.ttlMs },
      clock,
      onForget: (entry) => {
        this.#kept -= bytesOf(entry)
        this.#unsent.drop(entry)
      },
    })
    this.#unsent = new Unsent({
      ...options,
      ttlMs: limits.ttlMs,
      onEnd: (entry, end) => this.#ledger.finish(entry, end),
    })
  }

  get bytes(): number {
    let sum = 0
    for (const { log } of this.#ledger.all()) sum += log?.bytes ?? 0
    return sum
  }
  get trouble(): string | undefined {
    return this.#unsent.trouble
  }
  /** A task that is held here. */
  get(id: string): Owned | undefined {
    const entry = this.#ledger.get(id)
    return entry?.log && entry
  }

  add(task: NewTask, createdAt: number): Owned {
    const entry = new Owned(task, createdAt)
    this.#ledger.add(entry)
    return entry
  }

  /** Not `async`: that was a twelfth of all that an event leaves to the collector. */
  append(id: string, batch: Batch): Promise<Appended> {
    const entry = this.get(id)
    if (!entry?.log || entry.ending || entry.sealed) return Promise.resolve('ended')
    const { taskBytes, totalBytes } = this.#options.limits
    // Finished ones go only for what will then be stored.
    let free = totalBytes - this.#kept
    if (free < lengthOf(batch, batch.count)) for (const done of this.#ledger.finished()) free += bytesOf(done)
    const fits = fitting(batch, Math.min(taskBytes - entry.log.bytes, free))
    const size = lengthOf(batch, fits)
    while (this.#kept + size > totalBytes && this.#evictOldest());
    const outcome = fits === batch.count ? 'stored' : 'full'
    if (fits === 0) return Promise.resolve(outcome)
    this.#kept += entry.log.append(batch, fits)
    this.#unsent.add(entry)
    return this.#unsent.seen(entry, entry.log.chunks, outcome)
  }

  async end(entry: Owned, end: End): Promise<boolean> {
    if (entry.ending || entry.sealed) return false
    entry.ending = end
    this.#unsent.add(entry)
    await this.#unsent.over(entry)
    return entry.end === end
  }

  read(entry: Owned, from: number): Page | undefined {
    return entry.log && withEnd(entry, entry.log.page(from, PAGE_BYTES, entry.visible))
  }

  watch(entry: Owned, sleeper: Sleeper): boolean {
    if (entry.end || entry.visible > sleeper.next) return false
    entry.waiters.add(sleeper)
    return true
  }

  /** Whether or not its log is still here. */
  unwatch(id: string, sleeper: Sleeper): void {
    this.#ledger.get(id)?.waiters.delete(sleeper)
  }

  forget(id: string): void {
    const entry = this.#ledger.get(id)
    if (entry) this.#ledger.forget(entry)
  }

  /** Redis may have lost anything, or missed anything. */
  doubt(): void {
    this.#unsent.doubt(this.#ledger.all())
    this.#unsent.hurry()
  }

  /** Compares with what Redis believes that runs here, and then lets go of what it has. */
  compare(mine: readonly string[]): void {
    const believed = new Set(mine)
    for (const entry of this.#ledger.all())
      if (!entry.sealed && !believed.has(entry.id)) this.#unsent.doubt([entry])
    for (const id of mine) {
      const entry = this.#ledger.get(id)
      if (!entry?.log) this.#options.onOrphan(id)
      else if (entry.sealed) this.#sendAgain(entry)
    }
    const { clock, limits, lingerMs } = this.#options
    for (const entry of this.#ledger.finished())
      if (entry.sealed && !entry.lost && clock() - (entry.forgetAt - limits.ttlMs) > lingerMs)
        this.#letGo(entry)
  }

  sweep(): void {
    this.#ledger.sweep()
  }

  async close(ms: number): Promise<void> {
    await this.#unsent.close(ms)
    for (const { waiters } of this.#ledger.all()) waiters.wake()
  }

  /** Redis went back in time, to before the end. */
  #sendAgain(entry: Owned): void {
    entry.sealed = false
    entry.ending ??= entry.end
    this.#unsent.doubt([entry])
  }

  #letGo(entry: Owned): void {
    if (!entry.log) return
    this.#kept += entry.storedBytes - entry.log.bytes
    entry.log = undefined
  }

  #evictOldest(): boolean {
    for (const entry of this.#ledger.finished()) {
      this.#ledger.forget(entry)
      this.#options.onEvict(entry.id)
      return true
    }
    return false
  }
}

function bytesOf({ log, storedBytes }: Owned): number {
  return log?.bytes ?? storedBytes
}
