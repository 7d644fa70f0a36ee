import type { End } from '../../../protocol.ts'
import { Entry } from '../ledger.ts'
import { Log } from '../log.ts'
import type { Appended } from '../store.ts'

/** Someone who waits for the chunks before `chunk` to be seen, or for the end, and what he is told then; and one who came before. */
export interface Wait {
  readonly chunk: number
  readonly outcome: Appended
  readonly resolve: (outcome: Appended) => void
  next: Wait | undefined
}

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
  /** Who waits for something of it, the latest first. */
  awaiting: Wait | undefined = undefined

  /** Redis has all of it, and it is not to end. */
  get isSent(): boolean {
    return this.stored === this.log?.chunks && !this.ending
  }
  get chunks(): number {
    return this.visible
  }
  get bytes(): number {
    return this.log && this.visible >= this.log.chunks ? this.log.bytes : this.storedBytes
  }
}

/** The readers here may see all before `chunk`, and Redis has it or lacks no more than `most` bytes. */
const isSeen = (entry: Owned, chunk: number, most: number): boolean =>
  entry.visible >= chunk &&
  (entry.stored >= chunk || !entry.log || entry.log.bytes - entry.storedBytes <= most)

/** Tells those who wait, as far as there is something to tell. */
export function answer(entry: Owned, isOver: boolean, most: number): void {
  let left: Wait | undefined
  for (let wait = entry.awaiting, next = wait?.next; wait; wait = next, next = wait?.next) {
    if (isOver || isSeen(entry, wait.chunk, most))
      wait.resolve(entry.visible < wait.chunk ? 'ended' : wait.outcome)
    else {
      wait.next = left
      left = wait
    }
  }
  entry.awaiting = left
}

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
