import { NO_ENDS, piece } from './entries.ts'
import { entryId } from './keys.ts'
import type { Reply } from './link.ts'
import type { Owned } from './owned.ts'
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
  readonly pieces: readonly Piece[]
  /** What the script that appends is told of the pieces: two arguments for all of them, since each one more costs as much as a piece. */
  readonly table: string
  readonly body: Buffer
  /** Of these everything is in this round, or in Redis, and they are to end. */
  readonly ending: readonly Owned[]
  /** Nothing was left out. */
  readonly all: boolean
}

/** As much of what is unsent as one round trip may carry. */
export function gather(turns: Turns): Round {
  const touched: Owned[] = []
  const pieces: Piece[] = []
  const parts: Uint8Array[] = []
  const ending: Owned[] = []
  let table = ''
  let room = ROUND_BYTES
  while (room > 0) {
    const entry = turns.next()
    if (!entry) break
    touched.push(entry)
    const { id, log } = entry
    let { stored: chunks, storedBytes: bytes } = entry
    while (log && chunks < log.chunks && room > 0) {
      const it = piece(log, chunks)
      if (!it) break
      chunks += it.count
      bytes += it.bytes.length
      room -= it.bytes.length
      pieces.push({ entry, chunks, bytes })
      parts.push(it.bytes)
      if (it.ends !== NO_ENDS) parts.push(it.ends)
      table += `${id} ${entryId(chunks, bytes)} ${it.bytes.length} ${it.ends.length}\n`
    }
    if (entry.ending && chunks === log?.chunks) ending.push(entry)
  }
  return { touched, pieces, table, body: Buffer.concat(parts), ending, all: !turns.isAny }
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
