import type { End } from '../../protocol.ts'
import { type Kept, newKept } from './kept.ts'
import { newEntry } from './ledger.ts'
import type { Recovered, Scan } from './scan.ts'

export interface Revived {
  /** In the order they ended. */
  readonly entries: readonly Kept[]
  /** What the operator should know; undefined when all is well. */
  readonly notice: string | undefined
}

/**
 * The tasks of an earlier process: finished ones as they were, running ones as interrupted. Of a damaged one the unbroken beginning is
 * left, and its end says so. `clock` is monotonic, the times on disk are not: an age is never less than none.
 */
export function revive(found: Scan, ttlMs: number, clock: () => number): Revived {
  const now = Date.now()
  const entries = found.tasks.map((task) => {
    const { end, finishedAt } = endOf(task, now)
    const { value } = task.task
    const forgetAt = clock() + Math.min(ttlMs, finishedAt + ttlMs - now)
    const base = { ...newEntry(value), createdAt: value.createdAt, end, finishedAt, forgetAt }
    const entry = newKept(base, task.number, undefined, { chunks: task.chunks, bytes: task.bytes })
    entry.extents = task.extents
    entry.taskAt = task.task
    entry.endAt = task.damaged ? undefined : task.end
    return entry
  })
  entries.sort((a, b) => (a.finishedAt ?? 0) - (b.finishedAt ?? 0))
  return { entries, notice: noticeOf(found) }
}

function endOf(task: Recovered, now: number): { readonly end: End; readonly finishedAt: number } {
  const interrupted = (message: string): End => ({ reason: 'interrupted', type: 'Interrupted', message })
  const finishedAt = task.end?.value.finishedAt ?? now
  if (task.damaged) return { end: interrupted('a part of this answer was damaged on the disk'), finishedAt }
  if (task.end) return { end: task.end.value.end, finishedAt }
  return { end: interrupted('the gateway stopped while the answer ran'), finishedAt }
}

function noticeOf({ tasks, cutBytes, damagedBytes }: Scan): string | undefined {
  const damaged = tasks.filter((task) => task.damaged).map((task) => task.task.value.id)
  if (cutBytes + damagedBytes + damaged.length === 0) return undefined
  const lost =
    damaged.length > 0 ? `set aside behind the damage: ${damaged.join(', ')}` : 'no known answer is damaged'
  return `the journal was damaged: ${cutBytes} bytes of a torn tail cut, ${damagedBytes} bytes passed over; ${lost}`
}
