import { join } from 'node:path'
import { ROOT, run } from './run.mjs'

/** Every fault, those too that need root, a second network, many gigabytes or many minutes. What cannot be tried here is said. */
process.env.FAULTS = 'all'
const args = ['run', '--reporter=verbose', 'test/faults', 'test/disk/disks.test.ts', ...process.argv.slice(2)]
process.exitCode = await run(process.execPath, [join(ROOT, 'node_modules/vitest/vitest.mjs'), ...args])
