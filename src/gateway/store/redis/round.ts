import { packedEnds, piece } from './entries.ts'
import { entryId, type Keys } from './keys.ts'
import type { Argument } from './link.ts'
import type { Owned } from './owned.ts'

/** What one round trip carries, so that the answer to it comes soon. */
const ROUND_BYTES = 1 << 20

/** Some chunks of a log on their way. With them it has so many chunks and bytes. */
export interface Piece {
  readonly entry: Owned
  readonly chunks: number
  readonly bytes: number
}

export interface Round {
  /** Whose turn it is. */
  readonly touched: readonly Owned[]
  readonly pieces: readonly Piece[]
  /** The log of each piece, and what is appended to it. */
  readonly logs: readonly string[]
  readonly args: readonly Argument[]
  /** Of these everything is in this round, or in Redis, and they are to end. */
  readonly ending: readonly Owned[]
  /** Nothing was left out. */
  readonly all: boolean
}

/** As much of what is unsent as one round trip may carry. Who has nothing to send is not dirty. */
export function gather(dirty: Set<Owned>, keys: Keys): Round {
  const touched: Owned[] = []
  const pieces: Piece[] = []
  const logs: string[] = []
  const args: Argument[] = []
  const ending: Owned[] = []
  let room = ROUND_BYTES
  for (const entry of [...dirty]) {
    if (room <= 0) return { touched, pieces, logs, args, ending, all: false }
    const { log } = entry
    touched.push(entry)
    let { stored: chunks, storedBytes: bytes } = entry
    while (log && chunks < log.chunks && room > 0) {
      const batch = piece(log, chunks)
      if (!batch) break
      chunks += batch.ends.length
      bytes += batch.bytes.length
      room -= batch.bytes.length
      pieces.push({ entry, chunks, bytes })
      logs.push(keys.log(entry.id))
      args.push(entryId(chunks, bytes), batch.bytes as Buffer, packedEnds(batch))
    }
    dirty.delete(entry)
    // Who had a turn goes to the back.
    if (entry.ending || entry.stored !== log?.chunks) dirty.add(entry)
    if (entry.ending && chunks === log?.chunks) ending.push(entry)
  }
  return { touched, pieces, logs, args, ending, all: true }
}
