import { setImmediate as turn } from 'node:timers/promises'
import type { Kept } from './kept.ts'
import { nextRecord, type RecordHead, recordAt, remark } from './record.ts'
import type { Segments } from './segments.ts'

/** What is copied between two turns of the event loop. */
const COPY_BYTES = 256 << 10

interface Alive {
  readonly entry: Kept
  readonly record: RecordHead
  /** Which of the entry's records of chunks it is. */
  readonly index: number
}

export interface Round {
  entries(): Iterable<Kept>
  sync(): Promise<void>
  /** Deletes the segments that nothing needs. */
  clean(): void
  readonly signal: AbortSignal
}

/**
 * Keeps the journal within twice the bytes of records that are alive and one segment: what is alive in the segments with the most dead
 * bytes is copied to the end. They can be deleted then.
 * @throws the system's error
 */
export async function clear(segments: Segments, round: Round): Promise<void> {
  // What is damaged in a segment stays there; it is tried once.
  const tried = new Set<number>()
  while (!round.signal.aborted && segments.bytes > 2 * segments.live + segments.segmentBytes) {
    segments.rollFull()
    const segment = segments.worst(tried)
    if (segment === undefined) return
    tried.add(segment)
    await copyOut(segments, segment, round)
    round.clean()
  }
}

async function copyOut(segments: Segments, segment: number, { entries, sync, signal }: Round): Promise<void> {
  const { bytes, mark } = await segments.whole(segment)
  const byNumber = new Map(Array.from(entries(), (entry) => [entry.number, entry]))
  let moved = 0
  let alive: Alive[] = []
  let size = 0
  const copy = () => {
    const place = segments.begin()
    for (const { record } of alive) remark(bytes, record, place.mark)
    segments.write(alive.map(({ record }) => bytes.subarray(record.start, record.end)))
    let offset = place.offset
    for (const { entry, record, index } of alive) {
      const length = record.end - record.start
      const spot = { segment: place.segment, offset, length }
      if (record.type === 'task') entry.taskAt = spot
      else if (record.type === 'end') entry.endAt = spot
      else entry.extents.move(index, spot.segment, spot.offset)
      offset += length
    }
    moved += size
    alive = []
    size = 0
  }
  try {
    for (let at: number | undefined = 0; at !== undefined && !signal.aborted; ) {
      const record = recordAt(bytes, at, mark)
      if (!record) {
        at = nextRecord(bytes, at + 1, mark)
        continue
      }
      at = record.end
      const entry = byNumber.get(record.task)
      const index = entry && record.type === 'chunks' ? entry.extents.indexOf(record.first) : -1
      if (!entry || !isAt(entry, record, index, segment)) continue
      alive.push({ entry, record, index })
      size += record.end - record.start
      if (size < COPY_BYTES) continue
      copy()
      await turn()
    }
    if (size > 0) copy()
  } finally {
    // Before that the copies may be lost with the machine, and the originals must not be gone.
    await sync()
    segments.need(segment, -moved)
  }
}

function isAt(entry: Kept, { type, start }: RecordHead, index: number, segment: number): boolean {
  const spot = type === 'task' ? entry.taskAt : type === 'end' ? entry.endAt : entry.extents.at(index)
  return spot?.segment === segment && spot.offset === start
}
