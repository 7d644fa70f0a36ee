import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { build } from 'vite'
import { ROOT } from './run.mjs'

/** Bundles parts of `bench/` as the server is bundled, into a folder of `dist` that is there for as long as `act` takes. */
export async function bundled(names, act) {
  const outDir = mkdtempSync(join(ROOT, 'dist', `${names[0]}-`))
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
          input: Object.fromEntries(names.map((name) => [name, join(ROOT, 'bench', `${name}.ts`)])),
          output: { entryFileNames: '[name].js' },
        },
      },
    })
    process.exitCode = await act(outDir)
  } finally {
    rmSync(outDir, { recursive: true, force: true })
  }
}
