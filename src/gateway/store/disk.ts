import type { End } from '../../protocol.ts'
import { Fault } from '../fault.ts'
import type { DiskOptions } from './diskoptions.ts'
import { diskPage } from './diskpage.ts'
import { Keeper } from './keeper.ts'
import { Kept, saved } from './kept.ts'
import { infoOf, Ledger, withEnd } from './ledger.ts'
import { type Lock, lock, unusable } from './lock.ts'
import { Log } from './log.ts'
import { revive, takeIn } from './revive.ts'
import { type Scan, scan } from './scan.ts'
import { Segments } from './segments.ts'
import {
  type Appended,
  type Batch,
  fitting,
  lengthOf,
  type NewTask,
  PAGE_BYTES,
  type Page,
  type Sleeper,
  type StoreHealth,
  type StreamStore,
  type TaskInfo,
} from './store.ts'

/** Logs in one journal for all tasks, written before anyone is shown them. What has left memory is read from the disk: the total cap bounds memory alone. */
export class DiskStore implements StreamStore {
  readonly kind = 'disk'
  readonly #options: DiskOptions
  readonly #segments: Segments
  readonly #keeper: Keeper
  readonly #ledger: Ledger<Kept>
  #nextTask: number
  /** What is new in this tick, in the first `#news` places; they stay, since an array that grows is made anew eight times a tick. */
  readonly #dirty: (Kept | undefined)[] = []
  #news = 0
  #tick: Promise<'stored'> | undefined
  #memory = 0
  /** Of that, what finished logs hold: it can be freed. */
  #finishedMemory = 0
  #closing: Promise<void> | undefined

  /** @throws Error that names the directory, when it cannot be used or another gateway uses it */
  static async open(options: DiskOptions): Promise<DiskStore> {
    const held = lock(options.dir)
    try {
      const { dir, fsync, segmentBytes, files } = options
      const segments = new Segments(dir, { segmentBytes, files, syncs: fsync !== 'off' })
      return new DiskStore(options, held, segments, await scan(segments))
    } catch (error) {
      held.release()
      throw unusable(options.dir, error)
    }
  }

  private constructor(options: DiskOptions, held: Lock, segments: Segments, found: Scan) {
    this.#options = options
    this.#segments = segments
    this.#nextTask = found.nextTask
    const { clock = () => performance.now() } = options
    this.#keeper = new Keeper({
      segments,
      lock: held,
      fsync: options.fsync,
      entries: () => this.#ledger.all(),
      onLost: (entry) => this.#ledger.forget(entry),
      say: options.say,
    })
    this.#ledger = new Ledger({
      limits: options.limits,
      clock,
      onForget: (entry) => {
        this.#memory -= entry.log?.bytes ?? 0
        if (entry.end) this.#finishedMemory -= entry.log?.bytes ?? 0
        this.#keeper.journal.release(entry)
      },
    })
    this.#revive(found, clock)
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
    return this.#keeper.health
  }

  async create(task: NewTask): Promise<TaskInfo> {
    if (this.#closing) throw new Fault('shutting_down', 'the gateway stops')
    const claimed = this.#ledger.makeRoom(task)
    if (claimed) return infoOf(claimed)
    const entry = new Kept(task, this.#nextTask++, new Log())
    this.#ledger.add(entry)
    await this.#written(entry)
    return infoOf(entry)
  }

  /** Everyone who appends in one tick is given the same promise: one for each would cost as much as the writing. */
  append(id: string, batch: Batch): Promise<Appended> {
    const entry = this.#ledger.get(id)
    if (!entry?.log || entry.ending || this.#closing) return Promise.resolve('ended')
    const { taskBytes, totalBytes } = this.#options.limits
    const room = totalBytes - (this.#memory - this.#finishedMemory)
    const fits = fitting(batch, Math.min(taskBytes - entry.log.bytes, room))
    const size = lengthOf(batch, fits)
    while (this.#memory + size > totalBytes && this.#freeMemory());
    if (fits === 0) return Promise.resolve(batch.count === 0 ? 'stored' : 'full')
    this.#memory += entry.log.append(batch, fits)
    const stored = this.#written(entry)
    return fits === batch.count ? stored : stored.then(() => 'full')
  }

  async end(id: string, end: End): Promise<boolean> {
    const entry = this.#ledger.get(id)
    if (!entry || entry.ending || this.#closing) return false
    entry.ending = { end, at: Date.now() }
    await this.#written(entry)
    this.#keeper.ended()
    return true
  }

  read(id: string, from: number): Page | undefined | Promise<Page | undefined> {
    const entry = this.#ledger.get(id)
    if (!entry || (this.#closing && !entry.end)) return undefined
    return entry.log
      ? withEnd(entry, entry.log.page(from, PAGE_BYTES, entry.visible))
      : this.#readDisk(entry, from)
  }

  watch(id: string, sleeper: Sleeper): boolean {
    const entry = this.#ledger.get(id)
    if (!entry || entry.end || entry.visible > sleeper.next || this.#closing) return false
    entry.waiters.add(sleeper)
    return true
  }

  unwatch(id: string, sleeper: Sleeper): void {
    this.#ledger.get(id)?.waiters.delete(sleeper)
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
    await this.#keeper.clear()
  }

  async ready(): Promise<void> {}

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    await this.#tick
    for (const entry of this.#ledger.all()) entry.waiters.wake()
    await this.#keeper.close()
  }

  /** Resolves when what is new of the entry is in the journal and its readers have been woken: everything of a tick in one write. */
  #written(entry: Kept): Promise<'stored'> {
    if (!entry.isDirty) this.#dirty[this.#news++] = entry
    entry.isDirty = true
    this.#tick ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#tick = undefined
        this.#flush()
        resolve('stored')
      })
    })
    return this.#tick
  }

  #flush(): void {
    const dirty = this.#dirty.slice(0, this.#news) as Kept[]
    this.#dirty.fill(undefined, 0, this.#news)
    this.#news = 0
    this.#keeper.write(dirty)
    for (const entry of dirty) {
      entry.isDirty = false
      entry.visible = entry.chunks
      if (entry.ending && !entry.end) {
        entry.log?.seal()
        this.#finishedMemory += entry.log?.bytes ?? 0
        this.#ledger.finish(entry, entry.ending.end)
        entry.finishedAt = entry.ending.at
      } else entry.waiters.wake(entry.visible)
    }
  }

  /** The oldest finished log that is on the disk leaves memory; if there is none, the oldest goes altogether. */
  #freeMemory(): boolean {
    let oldest: Kept | undefined
    for (const entry of this.#ledger.finished()) {
      if (!entry.log) continue
      if (saved(entry)) {
        this.#memory -= entry.log.bytes
        this.#finishedMemory -= entry.log.bytes
        entry.held = { chunks: entry.log.chunks, bytes: entry.log.bytes }
        entry.log = undefined
        return true
      }
      oldest ??= entry
    }
    if (oldest) this.#ledger.evict(oldest)
    return oldest !== undefined
  }

  async #readDisk(entry: Kept, from: number): Promise<Page | undefined> {
    if (from < entry.chunks) {
      const page = await diskPage(this.#segments, entry, from)
      if (page) return withEnd(entry, page)
      if (this.#ledger.get(entry.id) !== entry) return undefined
      this.#keeper.cut(entry, from)
    }
    return withEnd(entry, { bytes: [], next: from })
  }

  #revive(found: Scan, clock: () => number): void {
    const { journal } = this.#keeper
    const { entries, gone, dead, notice } = revive(found, this.#options.limits.ttlMs, clock)
    for (const record of gone) journal.disown(record)
    for (const spots of dead) journal.bury(spots)
    for (const entry of entries) journal.adopt(entry)
    takeIn(this.#ledger, entries)
    this.#ledger.shrink()
    this.#keeper.write([...this.#ledger.all()].filter((entry) => !saved(entry)))
    this.#keeper.clean()
    if (notice) this.#options.say(notice)
  }
}
