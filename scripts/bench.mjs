import './node.mjs'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, run } from './run.mjs'

/** Bundles the benchmarks as the server is bundled, and runs them with the arguments given. */
const { build } = await import('vite')
const outDir = mkdtempSync(join(ROOT, 'dist', 'bench-'))
try {
  await build({
    root: ROOT,
    configFile: false,
    publicDir: false,
    logLevel: 'warn',
    ssr: { noExternal: true, external: ['playwright-core'] },
    build: {
      ssr: true,
      target: 'node20',
      outDir,
      minify: false,
      rolldownOptions: {
        input: { main: join(ROOT, 'bench/main.ts'), probe: join(ROOT, 'bench/probe.ts') },
        output: { entryFileNames: '[name].js' },
      },
    },
  })
  process.exitCode = await run('node', ['--expose-gc', join(outDir, 'main.js'), ...process.argv.slice(2)])
} finally {
  rmSync(outDir, { recursive: true, force: true })
}
