import { atEachBeat } from '../beat.ts'
import { clear } from './clearing.ts'
import { codeOf } from './files.ts'
import { Journal } from './journal.ts'
import { type Kept, sizesOf } from './kept.ts'
import { type Lock, TAKEN } from './lock.ts'
import { DAMAGED } from './revive.ts'
import type { Segments } from './segments.ts'
import type { StoreHealth } from './store.ts'

/** `1s`: at least every second and at each end. What is not synced survives the process all the same, but not the machine. */
export type Fsync = '1s' | 'end' | 'off'

export interface KeeperOptions {
  readonly segments: Segments
  readonly lock: Lock
  readonly fsync: Fsync
  entries(): Iterable<Kept>
  /** It was on the disk alone, and is gone from there. */
  onLost(entry: Kept): void
  /** One line for the operator. */
  say(line: string): void
}

const ROUND_MS = 1_000
/** After a sync that failed, everything is written again: not every second to a disk that goes on failing. */
const MOST_PATIENCE = 30

/**
 * Sees to it that the journal is written and synced. When it cannot be, says so, once, and makes up for it when it can be again:
 * everything that is in memory is written then.
 */
export class Keeper {
  readonly journal: Journal
  readonly #options: KeeperOptions
  readonly #segments: Segments
  readonly #stopped = new AbortController()
  readonly #stopRounds: () => void
  #trouble: string | undefined
  /** What was written may not be there. */
  #doubted = false
  /** How many rounds to let pass before the next try, and how many the last time. */
  #patience = { left: 0, last: 0 }
  #keeping: Promise<void> | undefined
  #clearing: Promise<void> | undefined
  #syncing: Promise<void> | undefined
  #nextSync: Promise<void> | undefined
  #uncleaned = false

  constructor(options: KeeperOptions) {
    this.#options = options
    this.#segments = options.segments
    this.journal = new Journal(options.segments)
    this.#stopRounds = atEachBeat(ROUND_MS, () => void this.#round())
  }

  get health(): StoreHealth {
    return this.#trouble === undefined ? { durable: true } : { durable: false, detail: this.#trouble }
  }

  /** Writes what is new of these, unless the disk refuses. */
  write(entries: Iterable<Kept>): void {
    if (this.#trouble !== undefined || this.#stopped.signal.aborted) return
    try {
      this.journal.write(entries)
    } catch (error) {
      this.#fail(error)
    }
  }

  /** The record of a chunk is damaged: what is before it stays, and the end says so. */
  cut(entry: Kept, chunk: number): void {
    this.journal.cut(entry, chunk)
    entry.ending = { end: DAMAGED, at: entry.finishedAt ?? Date.now() }
    entry.end = DAMAGED
    this.#options.say(
      `the answer ${entry.id} is damaged on the disk: its first ${entry.chunks} chunks are left`,
    )
    this.write([entry])
  }

  /** After the end of an answer: what was written so far survives the machine when this resolves. Not on anyone's way. */
  ended(): void {
    if (this.#options.fsync !== 'off') void this.#sync().catch((error) => this.#fail(error))
  }

  /** Deletes what nothing needs; one round at a time. */
  clear(): Promise<void> {
    this.#clearing ??= this.#clear().finally(() => {
      this.#clearing = undefined
    })
    return this.#clearing
  }

  async close(): Promise<void> {
    this.#stopRounds()
    await (this.#trouble === undefined ? undefined : this.#round())
    this.#stopped.abort()
    await Promise.all([this.#keeping, this.#clearing])
    if (!this.#doubted) this.clean()
    await this.#segments.close().catch((error) => this.#fail(error))
    this.#options.lock.release()
  }

  /** Every second: syncs, or looks whether the disk is well again. One at a time. */
  #round(): Promise<void> {
    this.#keeping ??= this.#keepUp()
      .catch((error) => this.#fail(error))
      .finally(() => {
        this.#keeping = undefined
      })
    return this.#keeping
  }

  async #keepUp(): Promise<void> {
    if (this.#stopped.signal.aborted) return
    this.#options.lock.hold()
    if (!this.#segments.isThere()) {
      this.#doubted = true
      this.#fail(new Error('its files were deleted'))
    }
    if (this.#trouble !== undefined) await this.#recover()
    else if (this.#options.fsync === '1s') await this.#sync()
  }

  async #recover(): Promise<void> {
    if (this.#doubted) {
      if (this.#patience.left-- > 0) return
      const last = Math.min(MOST_PATIENCE, 2 * this.#patience.last + 1)
      this.#patience = { left: last, last }
      this.#startOver()
    }
    this.journal.write(this.#options.entries())
    await this.#segments.sync()
    // What came while that was synced was not written: the disk was still in trouble.
    this.journal.write(this.#options.entries())
    this.#doubted = false
    this.#trouble = undefined
    this.#patience = { left: 0, last: 0 }
    this.#options.say('the journal can be written again; everything that is in memory is in it')
  }

  /** Nothing that is in memory counts as written, and what is only on the disk counts as far as it is there. */
  #startOver(): void {
    this.#segments.abandon()
    this.#segments.dropMissing()
    for (const entry of [...this.#options.entries()])
      if (entry.log) this.journal.release(entry)
      else if ([...sizesOf(entry).keys()].some((segment) => !this.#segments.has(segment))) {
        this.#options.say(`the answer ${entry.id} is gone from the disk`)
        this.#options.onLost(entry)
      }
  }

  async #clear(): Promise<void> {
    if (this.#doubted || this.#stopped.signal.aborted) return
    if (!this.clean() || this.#trouble !== undefined) return
    try {
      await clear(this.#segments, {
        entries: () => this.#options.entries(),
        sync: () => this.#sync(),
        clean: () => this.journal.clean(),
        signal: this.#stopped.signal,
      })
    } catch (error) {
      return this.#fail(error)
    }
    await this.journal.erase(this.#stopped.signal).catch((error) => this.#wait(error))
  }

  /** Deletes the segments that nothing needs. */
  clean(): boolean {
    try {
      this.journal.clean()
      this.#uncleaned = false
    } catch (error) {
      this.#wait(error)
    }
    return !this.#uncleaned
  }

  /** That what is old cannot be deleted endangers no answer. */
  #wait(error: unknown): void {
    if (!this.#uncleaned)
      this.#options.say(`old parts of the journal cannot be deleted (${reasonOf(error)}): they wait`)
    this.#uncleaned = true
  }

  /** One at a time, and one more for what came meanwhile. */
  #sync(): Promise<void> {
    if (!this.#syncing) {
      this.#syncing = this.#segments
        .sync()
        .catch((error) => {
          // After a failed sync nobody knows what the page cache still has: asking again would only hide it.
          this.#doubted = true
          throw error
        })
        .finally(() => {
          this.#syncing = undefined
        })
      return this.#syncing
    }
    this.#nextSync ??= this.#syncing
      .catch(() => {})
      .then(() => {
        this.#nextSync = undefined
        return this.#sync()
      })
    return this.#nextSync
  }

  #fail(error: unknown): void {
    const reason = reasonOf(error)
    if (this.#trouble === undefined)
      this.#options.say(
        `the journal cannot be written (${reason}): answers go on from memory and would be lost with the process`,
      )
    const code = codeOf(error)
    this.#trouble = `the journal cannot be written: ${code === TAKEN ? reason : code || reason}`
  }
}

/** Without the system call and the path, which the operator did not ask for. */
function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message.replace(/, \w+( '.*')?$/, '') : String(error)
}
