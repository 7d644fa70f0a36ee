import { execFileSync } from 'node:child_process'
import { type FSWatcher, readdirSync, readlinkSync, watch } from 'node:fs'
import { open } from 'node:fs/promises'

/** The files below a directory that this process holds open. */
export function openFiles(directory: string): string[] {
  const links = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      return ''
    }
  })
  return links.filter((link) => link.startsWith(directory))
}

/** What every file handle of `node:fs/promises` shares. */
export async function handleMethods(path: string): Promise<Awaited<ReturnType<typeof open>>> {
  const handle = await open(path)
  await handle.close()
  return Object.getPrototypeOf(handle)
}

export function watcherMethods(): FSWatcher {
  const watcher = watch('/', { persistent: false })
  watcher.close()
  return Object.getPrototypeOf(watcher)
}

/** Permissions do not bind root. */
export function asNobody(directory: string): Disposable {
  const id = process.geteuid?.()
  if (id !== 0) return { [Symbol.dispose]: () => {} }
  execFileSync('chown', ['-R', '65534', directory])
  process.seteuid?.(65534)
  return { [Symbol.dispose]: () => void process.seteuid?.(0) }
}
