import type { End } from '../../protocol.ts'
import { type Extent, Extents } from './extents.ts'
import type { Entry } from './ledger.ts'
import type { Log } from './log.ts'
import { chunksRecord, jsonRecord, RECORD_CHUNKS, recordAt } from './record.ts'
import { type Place, SEGMENT_BYTES, type Segments } from './segments.ts'

/** One system call's worth, when there is much to write at once. */
const WRITE_BYTES = 8 << 20
/** What is copied between two turns of the event loop while a segment is cleared. */
const COPY_BYTES = 256 << 10

type Spot = Place & { readonly length: number }

/** A task as the journal knows it: what of it is written, and where. */
export interface Filed extends Entry {
  readonly number: number
  /** Undefined: it left memory and is read from the disk. */
  log: Log | undefined
  /** How it will have ended once that is written; nothing may be appended any more. */
  ending: End | undefined
  /** Chunks that are in the journal. */
  stored: number
  extents: Extents
  taskAt: Spot | undefined
  endAt: Spot | undefined
}

export function saved(entry: Filed): boolean {
  return (
    entry.taskAt !== undefined &&
    entry.stored === entry.chunks &&
    (entry.ending === undefined || entry.endAt !== undefined)
  )
}

interface Written {
  readonly entry: Filed
  readonly kind: 'task' | 'end' | { readonly first: number; readonly chunks: number }
  readonly at: number
  readonly length: number
}

/** Tasks and their chunks in segments on disk. */
export class Journal {
  readonly #segments: Segments
  #clearing = false

  constructor(segments: Segments) {
    this.#segments = segments
  }

  /**
   * Writes all that is new of these tasks, with one system call as a rule.
   * @throws the system's error; what was not written counts as new still
   */
  write(entries: Iterable<Filed>): void {
    const buffers: Uint8Array[] = []
    const written: Written[] = []
    let length = 0
    const put = (entry: Filed, kind: Written['kind'], ...parts: Uint8Array[]) => {
      const at = length
      for (const part of parts) length += part.length
      buffers.push(...parts)
      written.push({ entry, kind, at, length: length - at })
      if (length >= WRITE_BYTES) commit()
    }
    const commit = () => {
      if (length === 0) return
      this.#settle(this.#segments.write(buffers.splice(0)), written.splice(0))
      length = 0
    }
    for (const entry of entries) {
      const { number, log, id, createdAt, claim, ending } = entry
      if (!entry.taskAt)
        put(
          entry,
          'task',
          jsonRecord('task', number, 0, claim ? { id, createdAt, claim } : { id, createdAt }),
        )
      for (let from = entry.stored; log && from < log.chunks; ) {
        const run = log.run(from, RECORD_CHUNKS)
        if (!run) break
        put(entry, { first: from, chunks: run.ends.length }, ...chunksRecord(number, from, run))
        from += run.ends.length
      }
      if (ending && !entry.endAt) {
        const finishedAt = entry.finishedAt ?? Date.now()
        put(entry, 'end', jsonRecord('end', number, entry.chunks, { end: ending, finishedAt }))
      }
    }
    commit()
  }

  /** Nothing of this task is needed any more. */
  release(entry: Filed): void {
    for (const { segment, length } of spotsOf(entry)) this.#segments.release(segment, length)
    entry.extents = new Extents()
    entry.taskAt = undefined
    entry.endAt = undefined
    entry.stored = 0
  }

  /**
   * Keeps the journal within twice the bytes that are alive and one segment: empty segments are deleted, and what is alive in the one
   * with the most dead bytes is copied to the end. One segment a call.
   */
  async clear(entries: () => Iterable<Filed>): Promise<void> {
    this.#segments.deleteEmpty()
    if (this.#clearing) return
    let alive = 0
    const byNumber = new Map<number, Filed>()
    for (const entry of entries()) {
      alive += entry.bytes
      byNumber.set(entry.number, entry)
    }
    if (this.#segments.bytes <= 2 * alive + SEGMENT_BYTES) return
    const segment = this.#segments.worst()
    if (segment === undefined) return
    this.#clearing = true
    try {
      await this.#copyOut(segment, byNumber)
      this.#segments.deleteEmpty()
    } finally {
      this.#clearing = false
    }
  }

  async #copyOut(segment: number, byNumber: ReadonlyMap<number, Filed>): Promise<void> {
    const bytes = await this.#segments.readAll(segment)
    let copied = 0
    for (let at = 0; at < bytes.length; ) {
      const record = recordAt(bytes, at)
      if (!record) break
      const entry = byNumber.get(record.task)
      const here = { segment, offset: at, length: record.end - at }
      at = record.end
      if (!entry) continue
      const index = record.type === 'chunks' ? entry.extents.indexOf(record.first) : -1
      const spot =
        record.type === 'task' ? entry.taskAt : record.type === 'end' ? entry.endAt : entry.extents.at(index)
      if (spot?.segment !== segment || spot.offset !== here.offset) continue
      const to = this.#segments.write([bytes.subarray(record.start, record.end)])
      this.#segments.release(segment, here.length)
      const moved = { ...to, length: here.length }
      if (record.type === 'task') entry.taskAt = moved
      else if (record.type === 'end') entry.endAt = moved
      else entry.extents.move(index, to.segment, to.offset)
      copied += here.length
      if (copied < COPY_BYTES) continue
      copied = 0
      await new Promise((resolve) => setImmediate(resolve))
    }
  }

  #settle(place: Place, written: readonly Written[]): void {
    for (const { entry, kind, at, length } of written) {
      const spot = { segment: place.segment, offset: place.offset + at, length }
      if (kind === 'task') entry.taskAt = spot
      else if (kind === 'end') entry.endAt = spot
      else {
        entry.extents.add({ ...spot, ...kind })
        entry.stored = kind.first + kind.chunks
      }
    }
  }
}

export function* spotsOf(entry: Filed): Generator<Spot | Extent> {
  if (entry.taskAt) yield entry.taskAt
  if (entry.endAt) yield entry.endAt
  yield* entry.extents
}
