import {
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  statSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { codeOf } from './files.ts'

export interface Lock {
  /**
   * Says that this process still uses the directory, and takes it again when the lock was deleted.
   * @throws Error when another gateway took it meanwhile, or it cannot be taken
   */
  hold(): void
  release(): void
}

/** A lock of another machine whose process cannot be asked for counts as left behind when it has not been touched for so long. */
const UNTOUCHED_MS = 5_000

/** The code of the error that says who has it: its sentence is for people, unlike the system's. */
export const TAKEN = 'TAKEN'

interface Holder {
  readonly pid: number
  readonly start: string
  readonly host: string
}

/**
 * Takes a directory for this process. A lock whose process is gone is taken over; the process's start time tells it from a later one
 * with the same pid, where the system says it (in a container every process is number 1).
 * @throws Error naming the directory, when another gateway uses it or it cannot be written
 */
export function lock(dir: string): Lock {
  const path = join(dir, 'lock')
  const mine = `${process.pid} ${startOf(process.pid)} ${hostname()}`
  take(dir, path, mine)
  return {
    hold() {
      if (read(path) !== mine) take(dir, path, mine)
      else touch(path)
    },
    release() {
      if (read(path) === mine) remove(path)
    },
  }
}

function take(dir: string, path: string, mine: string): void {
  const draft = `${path}.${process.pid}`
  try {
    mkdirSync(dir, { recursive: true, mode: 0o700 })
    try {
      writeFileSync(draft, mine)
      link(dir, draft, path)
    } finally {
      remove(draft)
    }
  } catch (error) {
    if (['', TAKEN].includes(codeOf(error))) throw error
    throw unusable(dir, error)
  }
}

export function unusable(dir: string, cause: unknown): Error {
  const reason = cause instanceof Error ? cause.message : cause
  const error = new Error(`the data directory ${dir} cannot be used: ${reason}`, { cause })
  return Object.assign(error, codeOf(cause) && { code: codeOf(cause) })
}

/** Linking is atomic: the lock appears with its content, or somebody else's is there already. */
function link(dir: string, draft: string, path: string): void {
  for (let tries = 0; ; tries++) {
    try {
      linkSync(draft, path)
      return
    } catch (error) {
      if (codeOf(error) !== 'EEXIST' || tries === 3) throw error
    }
    const found = read(path)
    const holder = found === undefined ? undefined : holderOf(found)
    if (holder && isAlive(holder, path)) {
      const { pid, host } = holder
      const where = host === hostname() ? '' : ` on ${host}`
      const message = `another gateway (process ${pid}${where}) uses the data directory ${dir}: stop it, or set GHOST_DATA_DIR to another one`
      throw Object.assign(new Error(message), { code: TAKEN })
    }
    if (found !== undefined) putAside(path, `${draft}.old`, found)
  }
}

/** Another process may have done so just now and have taken the lock since: then it gets it back. */
function putAside(path: string, aside: string, stale: string): void {
  try {
    renameSync(path, aside)
    if (read(aside) !== stale) linkSync(aside, path)
  } catch (error) {
    if (codeOf(error) !== 'ENOENT' && codeOf(error) !== 'EEXIST') throw error
  } finally {
    remove(aside)
  }
}

/** Undefined: no gateway wrote that. */
function holderOf(found: string): Holder | undefined {
  const [, pid, start = '', host = ''] = /^(\d+) (\S+) (.+)$/.exec(found) ?? []
  return pid === undefined ? undefined : { pid: Number(pid), start, host }
}

function isAlive({ pid, start, host }: Holder, path: string): boolean {
  if (host === hostname()) return pid !== process.pid && startOf(pid) === start
  try {
    return Math.abs(Date.now() - statSync(path).mtimeMs) < UNTOUCHED_MS
  } catch {
    return false
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** On a disk that refuses there is nothing else to be done about it. */
function touch(path: string): void {
  try {
    const now = new Date()
    utimesSync(path, now, now)
  } catch {}
}

function remove(path: string): void {
  try {
    unlinkSync(path)
  } catch {}
}

/** When a process began, as far as the system tells; undefined when there is none. */
function startOf(pid: number): string | undefined {
  const stat = read(`/proc/${pid}/stat`)
  // The name of the program may have spaces in it; what follows its bracket has not.
  if (stat !== undefined) {
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    // It has died, and only its parent has not noticed.
    return fields[0] === 'Z' ? undefined : fields[19]
  }
  try {
    process.kill(pid, 0)
    return 'running'
  } catch (error) {
    return codeOf(error) === 'EPERM' ? 'running' : undefined
  }
}
