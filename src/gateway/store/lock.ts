import { linkSync, mkdirSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

export interface Lock {
  release(): void
}

/**
 * Takes a directory for this process. A lock whose process is gone is taken over; the process's start time tells it from a later one
 * with the same pid, where the system says it (in a container every process is number 1).
 * @throws Error naming the directory, when another gateway uses it or it cannot be written
 */
export function lock(dir: string): Lock {
  const path = join(dir, 'lock')
  const mine = `${process.pid} ${startOf(process.pid)}`
  const draft = `${path}.${process.pid}`
  try {
    mkdirSync(dir, { recursive: true })
    writeFileSync(draft, mine)
    try {
      take(dir, draft, path)
    } finally {
      unlinkSync(draft)
    }
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error
    throw new Error(`the data directory ${dir} cannot be used: ${error.message}`, { cause: error })
  }
  return {
    release() {
      if (read(path) === mine) unlinkSync(path)
    },
  }
}

/** Linking is atomic: the lock appears with its content, or somebody else's is there already. */
function take(dir: string, draft: string, path: string): void {
  for (let tries = 0; ; tries++) {
    try {
      linkSync(draft, path)
      return
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST') || tries === 2) throw error
    }
    const holder = read(path)
    if (holder === undefined) continue
    const [pid = '', start] = holder.split(' ')
    if (Number(pid) !== process.pid && startOf(Number(pid)) === start)
      throw new Error(
        `another gateway (process ${pid}) uses the data directory ${dir}: stop it, or set GHOST_DATA_DIR to another one`,
      )
    unlinkSync(path)
  }
}

function read(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}

/** When a process began, as far as the system tells; undefined when there is none. */
function startOf(pid: number): string | undefined {
  const stat = read(`/proc/${pid}/stat`)
  // The name of the program may have spaces in it; what follows its bracket has not.
  if (stat !== undefined) return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  try {
    process.kill(pid, 0)
    return 'running'
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM' ? 'running' : undefined
  }
}
