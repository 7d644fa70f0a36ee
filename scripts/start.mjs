import './node.mjs'
import { existsSync, readFileSync } from 'node:fs'
import util from 'node:util'
import { staleParts } from './dist.mjs'
import { ROOT, run } from './run.mjs'

/** The voice server alone needs no key. */
const alone = process.argv[2] === 'voice'

if (staleParts().length > 0) {
  // The gateway says this itself, but nobody should wait for an install to hear it.
  const env = { ...(existsSync('.env') && util.parseEnv(readFileSync('.env', 'utf8'))), ...process.env }
  if (!alone && !env.GHOST_API_KEY?.trim()) {
    console.error('GHOST_API_KEY is not set: shared secret of page, API and agent')
    process.exit(1)
  }
  const code = await run(process.execPath, [`${ROOT}scripts/build.mjs`])
  if (code !== 0) process.exit(code)
}

// In this very process, so that a signal to it is a signal to the gateway.
await import('../dist/server/main.js')
