import type { End } from '../../../protocol.ts'
import { type Entry, newEntry } from '../ledger.ts'
import { Log } from '../log.ts'
import type { NewTask } from '../store.ts'

/** A task that this gateway runs, or ran. */
export interface Owned extends Entry {
  /** Undefined when it is over and to be read from Redis. */
  log: Log | undefined
  /** How much of it Redis has. */
  stored: number
  storedBytes: number
  /** How many chunks the readers here may see: what Redis has, and more only while Redis is away. */
  visible: number
  /** Its end was asked for, and may not be in Redis yet. */
  ending: End | undefined
  /** Redis has its end, or has lost the task: nothing is left to be sent. */
  sealed: boolean
  /** Redis has lost it: what is here is all there is. */
  lost: boolean
  /** Who waits for it to be stored: each looks for itself, and takes itself out. */
  readonly settling: Set<() => void>
}

export function newOwned(task: NewTask, createdAt: number): Owned {
  return {
    ...newEntry(task),
    createdAt,
    log: new Log(),
    get chunks() {
      return this.visible
    },
    get bytes() {
      return this.log && this.visible >= this.log.chunks ? this.log.bytes : this.storedBytes
    },
    stored: 0,
    storedBytes: 0,
    visible: 0,
    ending: undefined,
    sealed: false,
    lost: false,
    settling: new Set(),
  }
}

/** Bytes that Redis does not have yet. */
export const unsentBytes = ({ log, storedBytes }: Owned): number => (log?.bytes ?? storedBytes) - storedBytes

/** The readers here may see everything up to chunk `until`, and they and the waiting appends are told. */
export function reveal(entry: Owned, until: number): void {
  if (until > entry.visible) {
    entry.visible = until
    entry.waiters.wake()
  }
  for (const look of entry.settling) look()
}
