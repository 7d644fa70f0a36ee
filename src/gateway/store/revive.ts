import type { End } from '../../protocol.ts'
import { Kept } from './kept.ts'
import type { Ledger } from './ledger.ts'
import type { Recovered, Scan } from './scan.ts'
import type { Spot, TaskSpot } from './spot.ts'

/** The end of an answer of which only the beginning is left. */
export const DAMAGED: End = {
  reason: 'interrupted',
  type: 'Interrupted',
  message: 'a part of this answer was damaged on the disk',
}
const STOPPED: End = {
  reason: 'interrupted',
  type: 'Interrupted',
  message: 'the gateway stopped while the answer ran',
}

export interface Revived {
  /** In the order they began. */
  readonly entries: readonly Kept[]
  /** Records of tasks that are not wanted any more. */
  readonly gone: readonly TaskSpot[]
  /** And what else there is that nothing needs. */
  readonly dead: readonly Iterable<Spot>[]
  /** What the operator should know; undefined when all is well. */
  readonly notice: string | undefined
}

/**
 * The tasks of an earlier process whose time is not over: finished ones as they were, running ones as interrupted. Of a damaged one the
 * unbroken beginning is left, and its end says so. `clock` is monotonic, the times on disk are not: an age is never less than none.
 */
export function revive(found: Scan, ttlMs: number, clock: () => number): Revived {
  const now = Date.now()
  const entries: Kept[] = []
  const gone = [...found.stale]
  const dead = [...found.dead]
  const damaged: string[] = []
  const claimants = new Map(found.tasks.map(({ number, task }) => [task.value.claim?.key, number]))
  for (const task of found.tasks) {
    const { id, claim } = task.task.value
    const { end, finishedAt } = endOf(task, now)
    const left = Math.min(ttlMs, finishedAt + ttlMs - now)
    // A claim is free again only when its task was forgotten; the process ended before the journal knew of it.
    const freed = claim !== undefined && claimants.get(claim.key) !== task.number
    if (left <= 0 || freed) {
      gone.push({ task: task.number, spot: task.task })
      dead.push(task.extents, task.rest, task.end ? [task.end] : [])
      continue
    }
    if (task.damaged) damaged.push(id)
    entries.push(entryOf(task, end, finishedAt, clock() + left))
  }
  return { entries, gone, dead, notice: noticeOf(found, damaged) }
}

/** The ledger has two orders: that in which they began, and that in which they ended. */
export function takeIn(ledger: Ledger<Kept>, entries: readonly Kept[]): void {
  const ends = entries.map(({ end }) => end)
  for (const entry of entries) {
    entry.end = undefined
    ledger.add(entry)
  }
  for (const [i, entry] of entries.entries()) entry.end = ends[i]
  for (const entry of entries.toSorted((a, b) => a.forgetAt - b.forgetAt)) ledger.add(entry)
}

function entryOf(task: Recovered, end: End, finishedAt: number, forgetAt: number): Kept {
  const { value } = task.task
  const held = { chunks: task.chunks, bytes: task.bytes }
  const entry = new Kept(value, task.number, undefined, held, value.createdAt)
  entry.end = end
  entry.ending = { end, at: finishedAt }
  entry.finishedAt = finishedAt
  entry.forgetAt = forgetAt
  entry.extents = task.extents
  entry.taskAt = task.task
  entry.endAt = task.damaged ? undefined : task.end
  entry.aside = task.damaged && task.end ? [...task.rest, task.end] : [...task.rest]
  return entry
}

function endOf(task: Recovered, now: number): { readonly end: End; readonly finishedAt: number } {
  const finishedAt = task.end?.value.finishedAt ?? now
  if (task.damaged) return { end: DAMAGED, finishedAt }
  return { end: task.end?.value.end ?? STOPPED, finishedAt }
}

function noticeOf({ cutBytes, damagedBytes }: Scan, damaged: readonly string[]): string | undefined {
  if (cutBytes + damagedBytes + damaged.length === 0) return undefined
  const lost =
    damaged.length > 0 ? `set aside behind the damage: ${damaged.join(', ')}` : 'no known answer is damaged'
  return `the journal was damaged: ${cutBytes} bytes of a torn tail cut, ${damagedBytes} bytes passed over; ${lost}`
}
