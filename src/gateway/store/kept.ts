import type { End } from '../../protocol.ts'
import { Extents } from './extents.ts'
import { Entry } from './ledger.ts'
import type { Log } from './log.ts'
import type { Spot } from './spot.ts'
import type { NewTask } from './store.ts'

/** A task of the disk store: what of it is in memory, what is in the journal, and where. */
export class Kept extends Entry {
  /** What the journal calls it. */
  readonly number: number
  /** Undefined: it left memory and is read from the disk. */
  log: Log | undefined
  /** What there was when it left memory, or was found on the disk. */
  held: { readonly chunks: number; readonly bytes: number }
  /** How it will have ended, and when, once that is written; nothing may be appended any more. */
  ending: { readonly end: End; readonly at: number } | undefined = undefined
  /** Chunks that may be shown, since they were written (or the disk refuses and all goes on from memory). */
  visible: number
  /** Chunks that are in the journal. */
  stored: number
  /** Something of it waits to be written at the end of this tick. */
  isDirty = false
  extents = new Extents()
  taskAt: Spot | undefined = undefined
  endAt: Spot | undefined = undefined
  /** Records of it that are no use, and go when it goes: copies, and what is behind a damage. */
  aside: Spot[] = []

  constructor(
    task: NewTask,
    number: number,
    log: Log | undefined,
    held: Kept['held'] = { chunks: 0, bytes: 0 },
    createdAt?: number,
  ) {
    super(task, createdAt)
    this.number = number
    this.log = log
    this.held = held
    this.stored = held.chunks
    this.visible = held.chunks
  }

  get chunks(): number {
    return this.log?.chunks ?? this.held.chunks
  }
  get bytes(): number {
    return this.log?.bytes ?? this.held.bytes
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
