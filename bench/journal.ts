import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Plan } from './rows.ts'

/** Seen from the bundle of the benchmarks. */
const APPENDS = fileURLToPath(new URL('./appends.js', import.meta.url))

/**
 * i. What the journal costs beside memory alone, in a process that has nothing but the stores and the heap of a gateway: with all that the
 * benchmarks load, 30 MB were looked through every 30 ms, and whether once more or less in a run was more than the journal. One for each
 * number of tasks, since what the allocator does with large slabs depends on what was before, and makes one task ten times as dear.
 */
export async function journal({ runs, scale, say }: Plan): Promise<void> {
  for (const tasks of [500, 1]) {
    const child = fork(APPENDS, [tasks, runs, scale].map(String), { execArgv: ['--expose-gc'] })
    child.on('message', (row) => say('i', String(row)))
    const [code] = await once(child, 'exit')
    if (code !== 0) throw new Error(`the appends ended with ${code}`)
  }
}
