const TAB = 'ghost.conversation'
const RELOAD_MS = 400

/**
 * Takes a conversation for this tab until the tab ends, so that no two tabs write one. Where the browser has no
 * locks (a page over plain HTTP), the tab's own memory has to do.
 */
async function take(id: string, waitMs: number): Promise<boolean> {
  if (!('locks' in navigator)) return waitMs > 0
  return new Promise((resolve) => {
    const forever = new Promise<never>(() => {})
    const options = waitMs > 0 ? { signal: AbortSignal.timeout(waitMs) } : { ifAvailable: true }
    navigator.locks
      .request(`ghost.conversation.${id}`, options, (lock) => {
        resolve(lock !== null)
        return lock ? forever : undefined
      })
      .catch(() => resolve(false))
  })
}

/**
 * Which conversation this tab shows: its own after a reload, even one that has nothing but a draft yet; otherwise
 * the newest that no other tab has open.
 */
export async function claim(newestFirst: readonly string[]): Promise<string | undefined> {
  const own = read()
  // A duplicated tab has the memory of its original; the page before a reload may still be going.
  if (own && (await take(own, RELOAD_MS))) return own
  for (const id of newestFirst.slice(0, 5)) {
    if (id !== own && (await take(id, 0))) return id
  }
  return undefined
}

/** Makes a new conversation this tab's. */
export async function claimNew(id: string): Promise<void> {
  remember(id)
  await take(id, RELOAD_MS)
}

export function remember(id: string): void {
  try {
    sessionStorage.setItem(TAB, id)
  } catch {
    // Without it a reload shows the newest conversation.
  }
}

function read(): string | undefined {
  try {
    return sessionStorage.getItem(TAB) ?? undefined
  } catch {
    return undefined
  }
}
