import type { End } from '../../protocol.ts'
import { Fault } from '../fault.ts'
import { Log } from './log.ts'
import type { Appended, Batch, NewTask, Page, StoreLimits, StreamStore, TaskInfo } from './store.ts'
import { Waiters } from './waiters.ts'

/** What a reader gets at once at most: large enough to be cheap, small enough to be what a stalled one costs. */
const PAGE_BYTES = 256 << 10

interface Entry {
  readonly id: string
  readonly claim: NewTask['claim']
  readonly log: Log
  readonly waiters: Waiters
  readonly createdAt: number
  finishedAt: number | undefined
  /** By the clock that nobody can turn. */
  forgetAt: number
  end: End | undefined
}

/** Logs in memory: lost with the process, bounded by the caps. `clock` is monotonic milliseconds. */
export class MemoryStore implements StreamStore {
  readonly kind = 'memory'
  readonly #limits: StoreLimits
  readonly #clock: () => number
  readonly #entries = new Map<string, Entry>()
  /** In the order they ended: the first is the first to go. */
  readonly #finished = new Set<Entry>()
  readonly #claims = new Map<string, Entry>()
  #bytes = 0
  #evicted = 0
  #closed = false

  constructor(limits: StoreLimits, clock: () => number = () => performance.now()) {
    this.#limits = limits
    this.#clock = clock
  }

  get bytes(): number {
    return this.#bytes
  }
  /** Finished logs that were freed before their time to make room. */
  get evicted(): number {
    return this.#evicted
  }

  async create(task: NewTask): Promise<TaskInfo> {
    this.#forgetExpired()
    const claimed = task.claim && this.#claims.get(task.claim.key)
    if (claimed) {
      if (claimed.claim?.digest === task.claim?.digest) return infoOf(claimed)
      throw new Fault('idempotency_conflict', 'this Idempotency-Key was used with another body')
    }
    while (this.#entries.size >= this.#limits.tasks)
      if (!this.#evictOldest())
        throw new Fault('at_capacity', `all ${this.#limits.tasks} places are taken by running answers`, {
          retryAfterS: 5,
        })
    const entry: Entry = {
      id: task.id,
      claim: task.claim,
      log: new Log(),
      waiters: new Waiters(),
      createdAt: Date.now(),
      finishedAt: undefined,
      forgetAt: Number.POSITIVE_INFINITY,
      end: undefined,
    }
    this.#entries.set(task.id, entry)
    if (task.claim) this.#claims.set(task.claim.key, entry)
    return infoOf(entry)
  }

  async append(id: string, batch: Batch): Promise<Appended> {
    const entry = this.#entries.get(id)
    if (!entry || entry.end) return 'ended'
    const size = batch.ends.at(-1) ?? 0
    let room = this.#limits.taskBytes - entry.log.bytes
    while (this.#bytes + Math.min(size, room) > this.#limits.totalBytes && this.#evictOldest());
    room = Math.min(room, this.#limits.totalBytes - this.#bytes)
    let fits = batch.ends.length
    while (fits > 0 && (batch.ends[fits - 1] ?? 0) > room) fits--
    if (fits > 0) {
      const before = entry.log.bytes
      entry.log.append(batch, fits)
      this.#bytes += entry.log.bytes - before
      entry.waiters.wake()
    }
    return fits === batch.ends.length ? 'stored' : 'full'
  }

  async end(id: string, end: End): Promise<boolean> {
    const entry = this.#entries.get(id)
    if (!entry || entry.end) return false
    entry.end = end
    entry.finishedAt = Date.now()
    entry.forgetAt = this.#clock() + this.#limits.ttlMs
    entry.log.seal()
    this.#finished.add(entry)
    entry.waiters.wake()
    return true
  }

  async read(id: string, from: number): Promise<Page | undefined> {
    const entry = this.#known(id)
    if (!entry) return undefined
    const page = entry.log.page(from, PAGE_BYTES)
    return entry.end && page.next >= entry.log.chunks ? { ...page, end: entry.end } : page
  }

  wait(id: string, from: number, ms: number, signal: AbortSignal): Promise<void> {
    const entry = this.#entries.get(id)
    if (!entry || entry.end || entry.log.chunks > from || this.#closed) return Promise.resolve()
    return entry.waiters.wait(ms, signal)
  }

  async info(id: string): Promise<TaskInfo | undefined> {
    const entry = this.#known(id)
    return entry && infoOf(entry)
  }

  async list(): Promise<readonly TaskInfo[]> {
    this.#forgetExpired()
    return [...this.#entries.values()].reverse().map(infoOf)
  }

  async sweep(): Promise<void> {
    this.#forgetExpired()
  }

  async ready(): Promise<void> {}

  async close(): Promise<void> {
    this.#closed = true
    for (const entry of this.#entries.values()) entry.waiters.wake()
  }

  #known(id: string): Entry | undefined {
    const entry = this.#entries.get(id)
    if (!entry || entry.forgetAt > this.#clock()) return entry
    this.#forget(entry)
    return undefined
  }

  #forgetExpired(): void {
    const now = this.#clock()
    for (const entry of this.#finished) {
      if (entry.forgetAt > now) return
      this.#forget(entry)
    }
  }

  #evictOldest(): boolean {
    for (const entry of this.#finished) {
      this.#forget(entry)
      this.#evicted++
      return true
    }
    return false
  }

  #forget(entry: Entry): void {
    this.#entries.delete(entry.id)
    this.#finished.delete(entry)
    if (entry.claim) this.#claims.delete(entry.claim.key)
    this.#bytes -= entry.log.bytes
    entry.waiters.wake()
  }
}

function infoOf(entry: Entry): TaskInfo {
  return {
    id: entry.id,
    status: entry.end?.reason ?? 'running',
    chunks: entry.log.chunks,
    bytes: entry.log.bytes,
    createdAt: entry.createdAt,
    finishedAt: entry.finishedAt,
    end: entry.end,
  }
}
