import { createHash } from 'node:crypto'
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ROOT } from './run.mjs'

const RECIPE = ['package-lock.json', 'scripts/build.mjs']

/** What `dist` is made of: each part, and what it is made from. */
const PARTS = {
  server: { from: ['src', ...RECIPE], except: ['src/console'] },
  console: {
    from: ['src', 'vite.config.ts', ...RECIPE],
    except: ['src/gateway', 'src/agent', 'src/voice'],
  },
}

const at = (...path) => join(ROOT, ...path)
const home = (part) => at('dist', part)
const stamp = (dir) => join(dir, '.made-from')

/** Names, sizes and times rather than "newer than": this also sees a file that was removed, or replaced by an older one. */
function fingerprint(part) {
  const { from, except } = PARTS[part]
  const hash = createHash('sha256')
  const add = (path) => {
    if (except.includes(path)) return
    const stat = statSync(at(path), { throwIfNoEntry: false })
    if (stat?.isDirectory()) for (const name of readdirSync(at(path)).sort()) add(`${path}/${name}`)
    else hash.update(`${path}\0${stat?.size}\0${stat?.mtimeMs}\n`)
  }
  from.forEach(add)
  return hash.digest('hex')
}

function made(part) {
  try {
    return readFileSync(stamp(home(part)), 'utf8')
  } catch (error) {
    if (error.code === 'ENOENT') return undefined
    throw error
  }
}

/** The parts that are missing or made from something else than what is there now. */
export const staleParts = () => Object.keys(PARTS).filter((part) => made(part) !== fingerprint(part))

/** Makes a part in a place of its own and puts it where it belongs only when it is whole. */
export async function makePart(part, make) {
  const [next, last] = [`${home(part)}.next`, `${home(part)}.last`]
  const from = fingerprint(part)
  for (const leftover of [next, last]) rmSync(leftover, { recursive: true, force: true })
  await make(next)
  writeFileSync(stamp(next), from)
  if (statSync(home(part), { throwIfNoEntry: false })) renameSync(home(part), last)
  renameSync(next, home(part))
  rmSync(last, { recursive: true, force: true })
}
