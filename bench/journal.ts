import { DiskStore } from '../src/gateway/store/disk.ts'
import { MemoryStore } from '../src/gateway/store/memory.ts'
import type { StoreLimits, StreamStore } from '../src/gateway/store/store.ts'
import { fill } from './fill.ts'
import { type Figures, fixed, inTurn, type Plan, withDir } from './rows.ts'

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

/** i. What the journal costs beside memory alone: the same appends, in turn, in one process. */
export async function journal(plan: Plan): Promise<void> {
  const total = 300_000 * plan.scale
  for (const tasks of [500, 1]) {
    const ways = {
      memory: () => filled(new MemoryStore(LIMITS), tasks, total),
      disk: () => withDir(async (dir) => filled(await onDisk(dir), tasks, total)),
    }
    // For the first of each the process gets its memory from the system, which is no part of the journal.
    for (const once of Object.values(ways)) await once()
    const { memory, disk } = await inTurn(plan, ways)
    const more = (disk?.cpu ?? 0) - (memory?.cpu ?? 0)
    plan.say(
      'i',
      `${tasks} ${tasks === 1 ? 'task' : 'tasks'}: memory ${fixed(memory?.cpu)} CPU s/M, ${fixed((memory?.perSecond ?? 0) / 1e6)} M/s; disk ${fixed(disk?.cpu)} s/M, ${fixed((disk?.perSecond ?? 0) / 1e6)} M/s; extra ${fixed(more)} s/M, ${fixed((disk?.perSecond ?? 0) / (memory?.perSecond ?? 1))}x the speed`,
    )
  }
}
