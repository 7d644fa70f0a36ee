import type { Reply } from './link.ts'
import type { Owned } from './owned.ts'
import type { Parcel } from './parcel.ts'
import type { Turns } from './turns.ts'

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
  /** What is in the parcel, entry by entry. */
  readonly pieces: readonly Piece[]
  readonly table: Buffer
  readonly body: Buffer
  /** Of these everything is in this round, or in Redis, and they are to end. */
  readonly ending: readonly Owned[]
  /** Nothing was left out. */
  readonly all: boolean
}

/** Packs as much of what is unsent as one round trip may carry. */
export function gather(turns: Turns, parcel: Parcel): Round {
  parcel.begin()
  const touched: Owned[] = []
  const pieces: Piece[] = []
  const ending: Owned[] = []
  while (parcel.size < ROUND_BYTES) {
    const entry = turns.next()
    if (!entry) break
    touched.push(entry)
    const { id, log } = entry
    let { stored: chunks, storedBytes: bytes } = entry
    while (log && parcel.size < ROUND_BYTES && parcel.add(id, log, chunks, bytes)) {
      chunks = parcel.chunks
      bytes = parcel.bytes
      pieces.push({ entry, chunks, bytes })
    }
    if (entry.ending && chunks === log?.chunks) ending.push(entry)
  }
  return { touched, pieces, ...parcel.take(), ending, all: !turns.isAny }
}

/** Takes down what Redis has now. Gives the first refusal that is not about the log itself. */
export function judge(
  pieces: readonly Piece[],
  answers: readonly Reply[],
  doubt: (entry: Owned) => void,
): string | undefined {
  let refusal: string | undefined
  for (const [i, { entry, chunks, bytes }] of pieces.entries()) {
    const answer = answers[i]
    if (answer === 1) {
      entry.stored = chunks
      entry.storedBytes = bytes
      continue
    }
    doubt(entry)
    if (answer !== 'GONE' && !/^ERR The (ID|stream) /.test(String(answer))) refusal ??= String(answer)
  }
  return refusal
}
