import { tuneHeap } from '../src/gateway/heap.ts'
import { DiskStore } from '../src/gateway/store/disk.ts'
import { MemoryStore } from '../src/gateway/store/memory.ts'
import type { StoreLimits, StreamStore } from '../src/gateway/store/store.ts'
import { fill } from './fill.ts'
import { type Figures, fixed, inTurn, withDir } from './rows.ts'

const LIMITS: StoreLimits = { taskBytes: 100_000_000, totalBytes: 400_000_000, tasks: 2_000, ttlMs: 600_000 }

/** The first part is not counted: what is measured is a gateway that has been running. */
async function filled(store: StreamStore, tasks: number, total: number): Promise<Figures> {
  try {
    await fill(store, tasks, total / 3)
    return { ...(await fill(store, tasks, total)) }
  } finally {
    await store.close()
  }
}

const onDisk = (dir: string) => DiskStore.open({ dir, limits: LIMITS, fsync: '1s', say() {} })

/** A run takes half a second, and the machine's speed may change from one to the next: so many pairs for each run that is asked for. */
const PAIRS = 3

/** What the journal costs beside memory alone: the same appends, in turn, and the median of what each pair differs by. */
async function measure(tasks: number, runs: number, scale: number): Promise<void> {
  const total = 300_000 * scale
  const inMemory = () => filled(new MemoryStore(LIMITS), tasks, total)
  const alsoOnDisk = () => withDir(async (dir) => filled(await onDisk(dir), tasks, total))
  const pair = async (): Promise<Figures> => {
    const memory = await inMemory()
    globalThis.gc?.()
    const disk = await alsoOnDisk()
    return {
      memory: memory.cpu ?? Number.NaN,
      disk: disk.cpu ?? Number.NaN,
      more: (disk.cpu ?? Number.NaN) - (memory.cpu ?? Number.NaN),
      memorySpeed: (memory.perSecond ?? 0) / 1e6,
      diskSpeed: (disk.perSecond ?? 0) / 1e6,
    }
  }
  // For the first of each the process gets its memory from the system, which is no part of the journal.
  await pair()
  const { pairs: it } = await inTurn({ runs: PAIRS * runs }, { pairs: pair })
  process.send?.(
    `${tasks} ${tasks === 1 ? 'task' : 'tasks'}: memory ${fixed(it?.memory)} CPU s/M, ${fixed(it?.memorySpeed)} M/s; disk ${fixed(it?.disk)} s/M, ${fixed(it?.diskSpeed)} M/s; extra ${fixed(it?.more)} s/M`,
  )
}

tuneHeap()
const [tasks = 1, runs = 1, scale = 1] = process.argv.slice(2).map(Number)
await measure(tasks, runs, scale)
process.disconnect?.()
