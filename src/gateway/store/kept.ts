import type { End } from '../../protocol.ts'
import { Extents } from './extents.ts'
import type { Entry, newEntry } from './ledger.ts'
import type { Log } from './log.ts'
import type { Spot } from './segments.ts'

/** A task of the disk store: what of it is in memory, what is in the journal, and where. */
export interface Kept extends Entry {
  /** What the journal calls it. */
  readonly number: number
  /** Undefined: it left memory and is read from the disk. */
  log: Log | undefined
  /** What there was when it left memory, or was found on the disk. */
  held: { readonly chunks: number; readonly bytes: number }
  /** How it will have ended, and when, once that is written; nothing may be appended any more. */
  ending: { readonly end: End; readonly at: number } | undefined
  /** Chunks that may be shown, since they were written (or the disk refuses and all goes on from memory). */
  visible: number
  /** Chunks that are in the journal. */
  stored: number
  extents: Extents
  taskAt: Spot | undefined
  endAt: Spot | undefined
}

export function newKept(
  base: ReturnType<typeof newEntry>,
  number: number,
  log: Log | undefined,
  held: Kept['held'] = { chunks: 0, bytes: 0 },
): Kept {
  return {
    ...base,
    number,
    log,
    held,
    get chunks() {
      return this.log?.chunks ?? this.held.chunks
    },
    get bytes() {
      return this.log?.bytes ?? this.held.bytes
    },
    ending: base.end && { end: base.end, at: base.finishedAt ?? Date.now() },
    stored: held.chunks,
    visible: held.chunks,
    extents: new Extents(),
    taskAt: undefined,
    endAt: undefined,
  }
}

/** All that there is of it is in the journal. */
export function saved(entry: Kept): boolean {
  return (
    entry.taskAt !== undefined &&
    entry.stored === entry.chunks &&
    (entry.ending === undefined || entry.endAt !== undefined)
  )
}

/** Bytes of its records in each segment. */
export function sizesOf({ extents, taskAt, endAt }: Kept): Map<number, number> {
  const sizes = extents.sizes()
  for (const spot of [taskAt, endAt])
    if (spot) sizes.set(spot.segment, (sizes.get(spot.segment) ?? 0) + spot.length)
  return sizes
}
