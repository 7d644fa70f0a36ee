import type { End } from '../../protocol.ts'
import { Entry, infoOf, Ledger, withEnd } from './ledger.ts'
import { Log } from './log.ts'
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
  type StoreLimits,
  type StreamStore,
  type TaskInfo,
} from './store.ts'

class InMemory extends Entry {
  readonly log = new Log()

  get chunks(): number {
    return this.log.chunks
  }
  get bytes(): number {
    return this.log.bytes
  }
}

/** Logs in memory: lost with the process, bounded by the caps. `clock` is monotonic milliseconds. */
export class MemoryStore implements StreamStore {
  readonly kind = 'memory'
  readonly #limits: StoreLimits
  readonly #ledger: Ledger<InMemory>
  #bytes = 0
  #finishedBytes = 0
  #closed = false

  constructor(limits: StoreLimits, clock: () => number = () => performance.now()) {
    this.#limits = limits
    this.#ledger = new Ledger({
      limits,
      clock,
      onForget: (entry) => {
        this.#bytes -= entry.log.bytes
        if (entry.end) this.#finishedBytes -= entry.log.bytes
      },
    })
  }

  get bytes(): number {
    return this.#bytes
  }
  get evicted(): number {
    return this.#ledger.evicted
  }

  health(): StoreHealth {
    return { durable: false }
  }

  async create(task: NewTask): Promise<TaskInfo> {
    const claimed = this.#ledger.makeRoom(task)
    if (claimed) return infoOf(claimed)
    const entry = new InMemory(task)
    this.#ledger.add(entry)
    return infoOf(entry)
  }

  async append(id: string, batch: Batch): Promise<Appended> {
    const entry = this.#ledger.get(id)
    if (!entry || entry.end) return 'ended'
    // What running tasks hold is not to be had; finished ones go only for what will then be stored.
    const room = Math.min(
      this.#limits.taskBytes - entry.log.bytes,
      this.#limits.totalBytes - (this.#bytes - this.#finishedBytes),
    )
    const fits = fitting(batch, room)
    const size = lengthOf(batch, fits)
    while (this.#bytes + size > this.#limits.totalBytes && this.#ledger.evictOldest());
    if (fits > 0) {
      this.#bytes += entry.log.append(batch, fits)
      entry.waiters.wake(entry.log.chunks)
    }
    return fits === batch.count ? 'stored' : 'full'
  }

  async end(id: string, end: End): Promise<boolean> {
    const entry = this.#ledger.get(id)
    if (!entry || entry.end) return false
    entry.log.seal()
    this.#finishedBytes += entry.log.bytes
    this.#ledger.finish(entry, end)
    return true
  }

  read(id: string, from: number): Page | undefined {
    const entry = this.#ledger.get(id)
    if (!entry || (this.#closed && !entry.end)) return undefined
    return withEnd(entry, entry.log.page(from, PAGE_BYTES))
  }

  watch(id: string, sleeper: Sleeper): boolean {
    const entry = this.#ledger.get(id)
    if (!entry || entry.end || entry.log.chunks > sleeper.next || this.#closed) return false
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
  }

  async ready(): Promise<void> {}

  async close(): Promise<void> {
    this.#closed = true
    for (const entry of this.#ledger.all()) entry.waiters.wake()
  }
}
