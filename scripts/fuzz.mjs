import './node.mjs'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, run } from './run.mjs'

/** Bundles the fuzzer as the server is bundled, and runs it against the built gateway: `--minutes=N`, `--seed=N`. */
const { build } = await import('vite')
const outDir = mkdtempSync(join(ROOT, 'dist', 'fuzz-'))
try {
  await build({
    root: ROOT,
    configFile: false,
    publicDir: false,
    logLevel: 'warn',
    ssr: { noExternal: true },
    build: { ssr: join(ROOT, 'bench/fuzz.ts'), target: 'node20', outDir, minify: false },
  })
  process.exitCode = await run('node', [join(outDir, 'fuzz.js'), ...process.argv.slice(2)])
} finally {
  rmSync(outDir, { recursive: true, force: true })
}
