import type { Batch } from '../store/store.ts'

/** Holds what a few reads of an agent bring. */
const SPARE_BYTES = 512 << 10
const LEAST_BYTES = 4 << 10
/** A table of more chunk ends than that is not kept: reads of a byte each make half a million. */
const MOST_ENDS = 16 << 10

/** Where chunks are laid end to end before they are stored. */
export class Room implements Batch {
  readonly bytes: Buffer
  readonly ends: number[] = []
  count = 0
  /** How much of `bytes` is taken. */
  used = 0

  constructor(bytes: Buffer) {
    this.bytes = bytes
  }

  /** Copies `from[start .. end)` behind what there is. A loop over an event's bytes takes three times as long. */
  lay(from: Buffer, start: number, end: number): void {
    if (start === end) return
    this.bytes.set(new Uint8Array(from.buffer, from.byteOffset + start, end - start), this.used)
    this.used += end - start
  }

  /** Here a chunk ends. */
  cut(): void {
    this.ends[this.count++] = this.used
  }
}

const SPARE = new Room(Buffer.allocUnsafeSlow(SPARE_BYTES))
let isLent = false

/**
 * Room for at least so many bytes: the one that the process keeps for this, or one just as large as is needed while somebody else has
 * that. A new one for every event would cost more than all else that is done with it.
 */
export function borrow(bytes: number): Room {
  if (isLent || bytes > SPARE_BYTES) return new Room(Buffer.allocUnsafe(Math.max(bytes, LEAST_BYTES)))
  isLent = true
  return SPARE
}

/** The same, or a larger one with what is in it, where there is room for so many bytes more. */
export function roomFor(room: Room | undefined, bytes: number): Room {
  if (!room) return borrow(bytes)
  const needed = room.used + bytes
  if (needed <= room.bytes.length) return room
  const grown = borrow(Math.max(needed, 2 * room.bytes.length))
  grown.lay(room.bytes, 0, room.used)
  for (let i = 0; i < room.count; i++) grown.ends[i] = room.ends[i] as number
  grown.count = room.count
  giveBack(room)
  return grown
}

/** Nobody looks at what is in it any more. */
export function giveBack(lent: Room): void {
  lent.count = 0
  lent.used = 0
  if (lent.ends.length > MOST_ENDS) lent.ends.length = 0
  if (lent === SPARE) isLent = false
}
