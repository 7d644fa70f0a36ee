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
  const request = (options: LockOptions) =>
    navigator.locks.request(LOCK + id, options, (lock) => {
      resolve(lock ? { id, release: () => over.resolve() } : undefined)
      return lock ? over.promise : undefined
    })
  const now = () => request({ ifAvailable: true })
  // A busy browser takes longer than the wait to give a lock that nobody has: that it is taken is only what it says itself.
  const taking = waitMs > 0 ? request({ signal: AbortSignal.timeout(waitMs) }).catch(now) : now()
  taking.catch(() => resolve(undefined))
  return promise
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
