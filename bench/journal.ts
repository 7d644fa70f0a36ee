import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Plan } from './rows.ts'

/** Seen from the bundle of the benchmarks. */
const APPENDS = fileURLToPath(new URL('./appends.js', import.meta.url))

/**
 * i. What the journal costs beside memory alone, in a process that has nothing but the stores and the heap of a gateway: with all that the
 * benchmarks load, 30 MB were looked through every 30 ms, and whether once more or less in a run was more than the journal. One for each
 * number of tasks: whether the allocator gives large slabs back to the system at once depends on what was before, and makes one task dearer.
 */
export async function journal({ runs, scale, say }: Plan): Promise<void> {
  for (const tasks of [500, 1]) {
    const child = fork(APPENDS, [tasks, runs, scale].map(String), { execArgv: ['--expose-gc'] })
    let row: unknown
    child.on('message', (message) => {
      row = message
    })
    const [code] = await once(child, 'close')
    if (code !== 0 || row === undefined) throw new Error(`the appends ended with ${code}`)
    say('i', String(row))
  }
}
