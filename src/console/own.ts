import type { Pocket } from './queue.svelte.ts'

const NAME = 'ghost.tasks'
/** More than a gateway holds at once. */
const MOST = 400

/** The tasks that were begun or taken up in this browser, also those whose answers have been replaced or removed since. */
export interface OwnTasks {
  has(task: string): boolean
  add(task: string): void
}

export function ownTasks(pocket: Pocket | undefined): OwnTasks {
  const here = new Set<string>()
  return {
    has: (task) => here.has(task) || read(pocket).includes(task),
    add(task) {
      if (here.has(task)) return
      here.add(task)
      const all = read(pocket)
      if (all.includes(task)) return
      try {
        pocket?.setItem(NAME, JSON.stringify([...all, task].slice(-MOST)))
      } catch {
        // Full: a replaced answer may be offered as one from elsewhere, once.
      }
    },
  }
}

function read(pocket: Pocket | undefined): string[] {
  try {
    const all: unknown = JSON.parse(pocket?.getItem(NAME) ?? '[]')
    return Array.isArray(all) ? all.filter((task) => typeof task === 'string') : []
  } catch {
    return []
  }
}
