import type { End } from '../../protocol.ts'
import { type Entry, infoOf, Ledger, newEntry } from './ledger.ts'
import { Log } from './log.ts'
import {
  type Appended,
  type Batch,
  fitting,
  type Leaving,
  type NewTask,
  PAGE_BYTES,
  type Page,
  type StoreHealth,
  type StoreLimits,
  type StreamStore,
  type TaskInfo,
} from './store.ts'

interface InMemory extends Entry {
  readonly log: Log
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
    const log = new Log()
    const entry: InMemory = {
      ...newEntry(task),
      log,
      get chunks() {
        return log.chunks
      },
      get bytes() {
        return log.bytes
      },
    }
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
    const size = batch.ends[fits - 1] ?? 0
    while (this.#bytes + size > this.#limits.totalBytes && this.#ledger.evictOldest());
    if (fits > 0) {
      this.#bytes += entry.log.append(batch, fits)
      entry.waiters.wake()
    }
    return fits === batch.ends.length ? 'stored' : 'full'
  }

  async end(id: string, end: End): Promise<boolean> {
    const entry = this.#ledger.get(id)
    if (!entry || entry.end) return false
    entry.log.seal()
    this.#finishedBytes += entry.log.bytes
    this.#ledger.finish(entry, end)
    return true
  }

  async read(id: string, from: number): Promise<Page | undefined> {
    const entry = this.#ledger.get(id)
    if (!entry || (this.#closed && !entry.end)) return undefined
    const page = entry.log.page(from, PAGE_BYTES)
    return entry.end && page.next >= entry.log.chunks ? { ...page, end: entry.end } : page
  }

  wait(id: string, from: number, ms: number, signal: Leaving): Promise<void> {
    const entry = this.#ledger.get(id)
    if (!entry || entry.end || entry.log.chunks > from || this.#closed) return Promise.resolve()
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
  }

  async ready(): Promise<void> {}

  async close(): Promise<void> {
    this.#closed = true
    for (const entry of this.#ledger.all()) entry.waiters.wake()
  }
}
