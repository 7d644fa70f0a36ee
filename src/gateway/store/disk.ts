import type { End } from '../../protocol.ts'
import { diskPage } from './diskpage.ts'
import { Journal, saved, spotsOf } from './journal.ts'
import { type Kept, newKept } from './kept.ts'
import { infoOf, Ledger, newEntry } from './ledger.ts'
import { type Lock, lock } from './lock.ts'
import { Log } from './log.ts'
import { revive } from './revive.ts'
import { type Scan, scan } from './scan.ts'
import { Segments } from './segments.ts'
import {
  type Appended,
  type Batch,
  fitting,
  type NewTask,
  PAGE_BYTES,
  type Page,
  type StoreHealth,
  type StoreLimits,
  type StreamStore,
  type TaskInfo,
} from './store.ts'

/** `1s`: at least every second and at each end. What is not synced survives the process all the same, but not the machine. */
export type Fsync = '1s' | 'end' | 'off'

export interface DiskOptions {
  readonly dir: string
  readonly limits: StoreLimits
  readonly fsync: Fsync
  /** One line for the operator. */
  say(line: string): void
  /** Monotonic milliseconds. */
  readonly clock?: () => number
}

const UPKEEP_MS = 1_000

/**
 * Logs in one journal for all tasks: what a reader is shown has been written before. Running and recent tasks are read from memory, the
 * others from the disk, so the total cap bounds memory and not what is kept. While the disk refuses, everything goes on from memory.
 */
export class DiskStore implements StreamStore {
  readonly kind = 'disk'
  readonly #options: DiskOptions
  readonly #lock: Lock
  readonly #segments: Segments
  readonly #journal: Journal
  readonly #ledger: Ledger<Kept>
  readonly #upkeep: NodeJS.Timeout
  readonly #clock: () => number
  #nextTask = 1
  #dirty = new Set<Kept>()
  #tick: Promise<void> | undefined
  #syncing: Promise<void> | undefined
  #trouble: string | undefined
  /** What was written may not be there: everything in memory is to be written again. */
  #doubted = false
  #memory = 0
  #closed = false

  /** @throws Error that names the directory, when it cannot be used or another gateway uses it */
  static async open(options: DiskOptions): Promise<DiskStore> {
    const held = lock(options.dir)
    try {
      const segments = new Segments(options.dir)
      const found = await scan(options.dir, segments)
      return new DiskStore(options, held, segments, found)
    } catch (error) {
      held.release()
      throw new Error(
        `the data directory ${options.dir} cannot be used: ${error instanceof Error ? error.message : error}`,
      )
    }
  }

  private constructor(options: DiskOptions, held: Lock, segments: Segments, found: Scan) {
    this.#options = options
    this.#lock = held
    this.#segments = segments
    this.#journal = new Journal(segments)
    this.#nextTask = found.nextTask
    this.#clock = options.clock ?? (() => performance.now())
    this.#ledger = new Ledger({
      limits: options.limits,
      clock: this.#clock,
      onForget: (entry) => {
        this.#memory -= entry.log?.bytes ?? 0
        this.#journal.release(entry)
      },
    })
    this.#revive(found)
    this.#upkeep = setInterval(() => void this.#keepUp(), UPKEEP_MS)
  }

  get bytes(): number {
    return this.#memory
  }
  get evicted(): number {
    return this.#ledger.evicted
  }
  /** Bytes of the journal on disk. */
  get diskBytes(): number {
    return this.#segments.bytes
  }
  health(): StoreHealth {
    return this.#trouble === undefined ? { durable: true } : { durable: false, detail: this.#trouble }
  }

  async create(task: NewTask): Promise<TaskInfo> {
    const claimed = this.#ledger.makeRoom(task.claim)
    if (claimed) return infoOf(claimed)
    const entry = newKept(newEntry(task), this.#nextTask++, new Log())
    this.#ledger.add(entry)
    await this.#written(entry)
    return infoOf(entry)
  }

  async append(id: string, batch: Batch): Promise<Appended> {
    const entry = this.#ledger.get(id)
    if (!entry?.log || entry.ending) return 'ended'
    const { taskBytes, totalBytes } = this.#options.limits
    const room = taskBytes - entry.log.bytes
    while (this.#memory + Math.min(batch.ends.at(-1) ?? 0, room) > totalBytes && this.#freeMemory());
    const fits = fitting(batch, Math.min(room, totalBytes - this.#memory))
    if (fits > 0) {
      this.#memory += entry.log.append(batch, fits)
      await this.#written(entry)
    }
    return fits === batch.ends.length ? 'stored' : 'full'
  }

  async end(id: string, end: End): Promise<boolean> {
    const entry = this.#ledger.get(id)
    if (!entry || entry.ending) return false
    entry.ending = end
    await this.#written(entry)
    if (this.#options.fsync !== 'off') void this.#sync()
    return true
  }

  async read(id: string, from: number): Promise<Page | undefined> {
    const entry = this.#ledger.get(id)
    if (!entry) return undefined
    const page = entry.log
      ? entry.log.page(from, PAGE_BYTES, entry.visible)
      : from < entry.chunks
        ? await this.#readDisk(entry, from)
        : { bytes: [], next: from }
    if (!page) return undefined
    return entry.end && page.next >= entry.chunks ? { ...page, end: entry.end } : page
  }

  wait(id: string, from: number, ms: number, signal: AbortSignal): Promise<void> {
    const entry = this.#ledger.get(id)
    if (!entry || entry.end || entry.visible > from || this.#closed) return Promise.resolve()
    return entry.waiters.wait(ms, signal)
  }

  async info(id: string): Promise<TaskInfo | undefined> {
    const entry = this.#ledger.get(id)
    return entry && infoOf(entry)
  }

  async list(): Promise<readonly TaskInfo[]> {
    return this.#ledger.newestFirst()
  }

  async sweep(): Promise<void> {
    this.#ledger.sweep()
    if (this.#trouble === undefined) await this.#try(() => this.#journal.clear(() => this.#ledger.all()))
  }

  async ready(): Promise<void> {}

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    clearInterval(this.#upkeep)
    await this.#tick
    for (const entry of this.#ledger.all()) entry.waiters.wake()
    await this.#syncing
    await this.#segments.close().catch(() => {})
    this.#lock.release()
  }

  /** Resolves when what is new of the entry is in the journal and its readers have been woken: everything of a tick in one write. */
  #written(entry: Kept): Promise<void> {
    this.#dirty.add(entry)
    this.#tick ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#tick = undefined
        this.#flush()
        resolve()
      })
    })
    return this.#tick
  }

  #flush(): void {
    const dirty = this.#dirty
    this.#dirty = new Set()
    if (this.#trouble === undefined)
      try {
        this.#journal.write(dirty)
      } catch (error) {
        this.#say(error)
      }
    for (const entry of dirty) {
      entry.visible = entry.chunks
      if (entry.ending && !entry.end) {
        entry.log?.seal()
        this.#ledger.finish(entry, entry.ending)
      } else entry.waiters.wake()
    }
  }

  /** The oldest finished log that is in memory leaves it; one that is nowhere else is gone then. */
  #freeMemory(): boolean {
    for (const entry of this.#ledger.finished()) {
      if (!entry.log) continue
      if (!saved(entry)) this.#ledger.evict(entry)
      else {
        this.#memory -= entry.log.bytes
        entry.held = { chunks: entry.log.chunks, bytes: entry.log.bytes }
        entry.log = undefined
      }
      return true
    }
    return false
  }

  async #readDisk(entry: Kept, from: number): Promise<Page | undefined> {
    const look = () => diskPage(this.#segments, entry.number, entry.extents, from)
    const page = (await look()) ?? (await look())
    if (page) return page
    this.#options.say(`the answer ${entry.id} cannot be read from the disk any more`)
    this.#ledger.forget(entry)
    return undefined
  }

  /** Every second: sync, or look whether the disk is well again and write what it missed. */
  async #keepUp(): Promise<void> {
    const there = this.#segments.isThere()
    if (this.#trouble === undefined && there) {
      if (this.#options.fsync === '1s') await this.#sync()
      return
    }
    if (!there) {
      this.#say(new Error('its files were deleted'))
      this.#segments.forgetAll()
      this.#doubted = true
    }
    await this.#try(async () => {
      if (this.#doubted) {
        await this.#segments.close().catch(() => {})
        for (const entry of [...this.#ledger.all()])
          if (entry.log) this.#journal.release(entry)
          else if (!this.#segments.has([...spotsOf(entry)])) this.#ledger.forget(entry)
      }
      this.#journal.write(this.#ledger.all())
      await this.#segments.sync()
      this.#doubted = false
      this.#trouble = undefined
      this.#options.say('the journal can be written again; everything that is in memory is in it')
    })
  }

  /** Not on anyone's way: one at a time, and one more for what came meanwhile. */
  #sync(): Promise<void> {
    const before = this.#syncing ?? Promise.resolve()
    this.#syncing = before.then(() =>
      this.#try(async () => {
        try {
          await this.#segments.sync()
        } catch (error) {
          // After a failed sync nobody knows what the page cache still has: asking again would only hide it.
          this.#doubted = true
          throw error
        }
      }),
    )
    return this.#syncing
  }

  async #try(act: () => Promise<void>): Promise<void> {
    try {
      await act()
    } catch (error) {
      this.#say(error)
    }
  }

  #say(error: unknown): void {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    const reason = error instanceof Error ? error.message.replace(/, \w+( '.*')?$/, '') : String(error)
    if (this.#trouble === undefined)
      this.#options.say(
        `the journal cannot be written (${reason}): answers go on from memory and would be lost with the process`,
      )
    this.#trouble = code
      ? `the journal cannot be written: ${code}`
      : `the journal cannot be written: ${reason}`
  }

  #revive(found: Scan): void {
    const { entries, notice } = revive(found, this.#options.limits.ttlMs, this.#clock)
    for (const entry of entries) {
      for (const { segment, length } of spotsOf(entry)) this.#segments.keep(segment, length)
      this.#ledger.add(entry)
    }
    this.#ledger.sweep()
    this.#ledger.shrink()
    try {
      this.#journal.write([...this.#ledger.all()].filter((entry) => !saved(entry)))
    } catch (error) {
      this.#say(error)
    }
    this.#segments.deleteEmpty()
    if (notice) this.#options.say(notice)
  }
}
