import type { End } from '../../../protocol.ts'
import { Entry } from '../ledger.ts'
import { Log } from '../log.ts'
import { Bell } from './bell.ts'

/** A task that this gateway runs, or ran. */
export class Owned extends Entry {
  /** Undefined when it is over and to be read from Redis. */
  log: Log | undefined = new Log()
  /** How much of it Redis has. */
  stored = 0
  storedBytes = 0
  /** How many chunks the readers here may see: what Redis has, and more only while Redis is away. */
  visible = 0
  /** Its end was asked for, and may not be in Redis yet. */
  ending: End | undefined = undefined
  /** Redis has its end, or has lost the task: nothing is left to be sent. */
  sealed = false
  /** Redis has lost it: what is here is all there is. */
  lost = false
  /** `waits`: something of it is to be sent. `runs`: that is under way. */
  turn: 'none' | 'waits' | 'runs' = 'none'
  /** For whoever waits for it to be stored, shown or over: each looks for itself. */
  readonly bell = new Bell()

  get chunks(): number {
    return this.visible
  }
  get bytes(): number {
    return this.log && this.visible >= this.log.chunks ? this.log.bytes : this.storedBytes
  }
}

/** The readers here may see all before `chunk`, and Redis has it or lacks no more than `most` bytes. */
export const isSeen = (entry: Owned, chunk: number, most: number): boolean =>
  entry.visible >= chunk &&
  (entry.stored >= chunk || !entry.log || entry.log.bytes - entry.storedBytes <= most)

/** The readers here may see everything up to chunk `until`, and are told. */
export function reveal(entry: Owned, until: number): void {
  if (until <= entry.visible) return
  entry.visible = until
  entry.waiters.wake(until)
}

export const LOST: End = {
  reason: 'interrupted',
  type: 'Interrupted',
  message: 'the store lost this answer while it ran',
}
