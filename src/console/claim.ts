const TAB = 'ghost.conversation'
const LOCK = 'ghost.conversation.'

/** A conversation that no other tab writes until this one lets go of it. */
export interface Claim {
  readonly id: string
  readonly release: () => void
}

/**
 * Takes a conversation for this tab, until it lets go or ends; undefined when another tab still has it after the
 * wait. Where the browser has no locks (a page over plain HTTP), what the other tabs say has to do.
 */
export async function take(
  id: string,
  waitMs: number,
  ask: (id: string) => Promise<boolean>,
): Promise<Claim | undefined> {
  if (!('locks' in navigator)) return (await ask(id)) ? undefined : { id, release: () => {} }
  const { promise, resolve } = Promise.withResolvers<Claim | undefined>()
  const over = Promise.withResolvers<void>()
  const patience = new AbortController()
  const options = waitMs > 0 ? { signal: patience.signal } : { ifAvailable: true }
  const taking = navigator.locks.request(LOCK + id, options, (lock) => {
    resolve(lock ? { id, release: () => over.resolve() } : undefined)
    return lock ? over.promise : undefined
  })
  taking.catch(() => resolve(undefined))
  if (waitMs === 0) return promise
  // A busy browser takes longer than the wait to give a lock that nobody has, and what is taken back while it comes
  // would for a moment be nobody's and not to be had: patience ends only with a tab that really has it.
  let isOver = false
  const settled = promise.then(() => {
    isOver = true
  })
  do await Promise.race([settled, new Promise((done) => setTimeout(done, waitMs))])
  while (!isOver && !(await hasAnother(id)))
  patience.abort()
  return promise
}

/** Whether this tab still waits for a conversation because another one has it. */
async function hasAnother(id: string): Promise<boolean> {
  const { held = [], pending = [] } = await navigator.locks.query()
  return [held, pending].every((locks) => locks.some(({ name }) => name === LOCK + id))
}

/** Which conversations any tab has, this one's included. */
export async function taken(): Promise<ReadonlySet<string>> {
  if (!('locks' in navigator)) return new Set()
  const { held = [] } = await navigator.locks.query()
  return new Set(held.flatMap(({ name }) => (name?.startsWith(LOCK) ? [name.slice(LOCK.length)] : [])))
}

export function remember(id: string): void {
  try {
    sessionStorage.setItem(TAB, id)
  } catch {
    // Without it a reload shows the newest conversation.
  }
}

/** The conversation this tab showed before a reload, even one that has nothing but a draft yet. */
export function remembered(): string | undefined {
  try {
    return sessionStorage.getItem(TAB) ?? undefined
  } catch {
    return undefined
  }
}
