import { Extents } from './extents.ts'
import type { Filed } from './journal.ts'
import type { newEntry } from './ledger.ts'
import type { Log } from './log.ts'

/** A task of the disk store: `visible` chunks may be shown, since they were written (or the disk refuses and all goes on from memory). */
export interface Kept extends Filed {
  visible: number
  /** What there was when it left memory, or was found on the disk. */
  held: { readonly chunks: number; readonly bytes: number }
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
    ending: base.end,
    stored: held.chunks,
    visible: held.chunks,
    extents: new Extents(),
    taskAt: undefined,
    endAt: undefined,
  }
}
