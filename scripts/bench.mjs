import './node.mjs'
import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT, run } from './run.mjs'

/** `--against REV`: the server of another commit, built below this one, so with the libraries that are installed here. */
function otherServer(rev, outDir) {
  const dir = join(outDir, 'other')
  execFileSync('git', ['worktree', 'add', '--detach', '--force', dir, rev], { cwd: ROOT, stdio: 'inherit' })
  execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: dir, stdio: 'inherit' })
  return join(dir, 'dist/server/main.js')
}

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
  const args = process.argv.slice(2)
  const at = args.indexOf('--against')
  if (at >= 0) args.splice(at, 2, `--against=${otherServer(args[at + 1], outDir)}`)
  process.exitCode = await run('sh', [
    '-c',
    // Ten thousand streams are twenty thousand sockets of the load alone.
    'ulimit -n "$(ulimit -Hn)"; exec "$0" --expose-gc "$@"',
    process.execPath,
    join(outDir, 'main.js'),
    ...args,
  ])
} finally {
  rmSync(outDir, { recursive: true, force: true })
  execFileSync('git', ['worktree', 'prune'], { cwd: ROOT })
}
