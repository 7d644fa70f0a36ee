import './node.mjs'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { systemPackages } from './packages.mjs'
import { ROOT, run } from './run.mjs'

const script = (path, ...args) => run(process.execPath, [join(ROOT, path), ...args])

const steps = {
  'system packages': systemPackages,
  build: () => script('scripts/build.mjs'),
  types: () => run('npm', ['run', '--silent', 'check']),
  lint: () => run('npm', ['run', '--silent', 'lint']),
}

for (const [name, step] of Object.entries(steps)) {
  console.log(`== ${name}`)
  if ((await step()) === 0) continue
  console.error(`npm test stopped at: ${name}`)
  process.exit(1)
}
console.log('== tests')
process.exitCode = await vitest(process.argv.slice(2))

/** Runs the tests and says last, on a line of its own, how many passed and how many did not. */
async function vitest(args) {
  const dir = mkdtempSync(join(tmpdir(), 'ghost-test-'))
  const file = join(dir, 'report.json')
  try {
    const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`]
    const code = await script('node_modules/vitest/vitest.mjs', 'run', ...reporters, ...args)
    if (!existsSync(file)) return code || 1
    console.log(tally(JSON.parse(readFileSync(file, 'utf8')), code))
    return code
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

function tally({ testResults, numPassedTests, numFailedTests, numPendingTests, numTodoTests }, code) {
  // A file that could not be loaded holds no test that could fail, and an error outside of all tests belongs to none.
  const unloaded = testResults.filter(
    (file) => file.status === 'failed' && file.assertionResults.length === 0,
  )
  const failed = Math.max(numFailedTests + unloaded.length, code === 0 ? 0 : 1)
  const skipped = numPendingTests + numTodoTests
  return `${numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}
