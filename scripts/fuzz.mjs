import './node.mjs'
import { join } from 'node:path'
import { run } from './run.mjs'

/** Runs the fuzzer against the built gateway: `--minutes=N`, `--seed=N`. */
const { bundled } = await import('./bundle.mjs')
await bundled(['fuzz'], (dir) => run('node', [join(dir, 'fuzz.js'), ...process.argv.slice(2)]))
