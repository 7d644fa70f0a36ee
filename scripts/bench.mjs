import './node.mjs'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { ROOT, run } from './run.mjs'

/** `--against REV`: the server of another commit, built below this one, so with the libraries that are installed here. */
function otherServer(rev, outDir) {
  const dir = join(outDir, 'other')
  execFileSync('git', ['worktree', 'add', '--detach', '--force', dir, rev], { cwd: ROOT, stdio: 'inherit' })
  execFileSync(process.execPath, ['scripts/build.mjs'], { cwd: dir, stdio: 'inherit' })
  return join(dir, 'dist/server/main.js')
}

/** Runs the benchmarks with the arguments given. */
const { bundled } = await import('./bundle.mjs')
const args = process.argv.slice(2)
const at = args.indexOf('--against')
await bundled(['main', 'probe', 'appends'], (dir) => {
  if (at >= 0) args.splice(at, 2, `--against=${otherServer(args[at + 1], dir)}`)
  return run('sh', [
    '-c',
    // Ten thousand streams are twenty thousand sockets of the load alone.
    'ulimit -n "$(ulimit -Hn)"; exec "$0" --expose-gc "$@"',
    process.execPath,
    join(dir, 'main.js'),
    ...args,
  ])
})
if (at >= 0) execFileSync('git', ['worktree', 'prune'], { cwd: ROOT })
