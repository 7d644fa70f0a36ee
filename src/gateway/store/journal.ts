import { Extents } from './extents.ts'
import { type Kept, sizesOf } from './kept.ts'
import { putChunks, putJson, RECORD_CHUNKS } from './record.ts'
import type { Place, Segments, Spot } from './segments.ts'
import { Sheet } from './sheet.ts'
import { type Batch, fitting, PAGE_BYTES } from './store.ts'

/** One system call's worth, when there is much to write at once. */
const WRITE_BYTES = 8 << 20

interface Written {
  readonly entry: Kept
  readonly kind: 'task' | 'end' | { readonly first: number; readonly chunks: number }
  readonly at: number
  readonly length: number
}

/** Tasks and their chunks in segments on disk. */
export class Journal {
  readonly #segments: Segments
  readonly #sheet = new Sheet()
  /** Records of tasks that were forgotten, to be marked as such before anything of those tasks is deleted. */
  #forgotten: Place[] = []

  constructor(segments: Segments) {
    this.#segments = segments
  }

  /**
   * Writes all that is new of these tasks, with one system call as a rule.
   * @throws the system's error; what was not written counts as new still
   */
  write(entries: Iterable<Kept>): void {
    const sheet = this.#sheet
    sheet.take()
    let written: Written[] = []
    const commit = () => {
      const made = written
      written = []
      if (sheet.bytes > 0) this.#settle(this.#segments.write(sheet.take()), made)
    }
    for (const entry of entries) {
      const { number, log, ending } = entry
      const put = (kind: Written['kind'], write: (mark: number) => void) => {
        if (sheet.bytes >= WRITE_BYTES) commit()
        const mark = this.#segments.begin()
        const at = sheet.bytes
        write(mark)
        written.push({ entry, kind, at, length: sheet.bytes - at })
      }
      if (!entry.taskAt) put('task', (mark) => putJson(sheet, mark, 'task', number, 0, aboutOf(entry)))
      for (let from = entry.stored; log && from < log.chunks; ) {
        const run = log.run(from, RECORD_CHUNKS)
        if (!run) break
        // No larger than a page, so that a page from the disk costs no more than it is.
        const fits = Math.max(1, fitting(run, PAGE_BYTES))
        const part = fits === run.ends.length ? run : firstOf(run, fits)
        const first = from
        put({ first, chunks: fits }, (mark) => putChunks(sheet, mark, number, first, part))
        from += fits
      }
      if (!ending || entry.endAt) continue
      const { end, at: finishedAt } = ending
      put('end', (mark) => putJson(sheet, mark, 'end', number, entry.chunks, { end, finishedAt }))
    }
    commit()
  }

  /** What the journal has of this task is not to be relied on: all of it counts as new. */
  release(entry: Kept): void {
    this.#count(entry, -1)
    if (entry.taskAt) this.#forgotten.push(entry.taskAt)
    entry.extents = new Extents()
    entry.taskAt = undefined
    entry.endAt = undefined
    entry.stored = 0
  }

  /** A record of a task that has another one, or is not wanted any more. */
  disown(task: Place): void {
    this.#forgotten.push(task)
  }

  /**
   * Deletes the segments that nothing needs. A task that was forgotten must not come back in part at the next start because its first
   * records lie where something else is alive: there it is marked first.
   * @throws the system's error
   */
  clean(): void {
    for (let task = this.#forgotten.at(-1); task; task = this.#forgotten.at(-1)) {
      this.#segments.forget(task)
      this.#forgotten.pop()
    }
    this.#segments.deleteEmpty()
  }

  /** Takes in a task that was found in the journal. */
  adopt(entry: Kept): void {
    this.#count(entry, 1)
  }

  /** The record of a chunk is damaged: what is before it stays. */
  cut(entry: Kept, chunk: number): void {
    this.#count(entry, -1)
    const damaged = entry.extents.at(entry.extents.indexOf(chunk))
    const { extents, chunks, bytes } = entry.extents.row(damaged?.first ?? 0)
    entry.extents = extents
    entry.held = { chunks, bytes }
    entry.stored = chunks
    entry.endAt = undefined
    this.#count(entry, 1)
  }

  #count(entry: Kept, sign: 1 | -1): void {
    for (const [segment, bytes] of sizesOf(entry)) this.#segments.need(segment, sign * bytes)
  }

  #settle(place: Place, written: readonly Written[]): void {
    for (const { entry, kind, at, length } of written) {
      const spot: Spot = { segment: place.segment, offset: place.offset + at, length }
      if (kind === 'task') entry.taskAt = spot
      else if (kind === 'end') entry.endAt = spot
      else {
        entry.extents.put(spot.segment, spot.offset, length, kind.first, kind.chunks)
        entry.stored = kind.first + kind.chunks
      }
    }
  }
}

function firstOf({ bytes, ends }: Batch, count: number): Batch {
  const first = ends.slice(0, count)
  return { bytes: bytes.subarray(0, first.at(-1)), ends: first }
}

function aboutOf({ id, createdAt, claim }: Kept) {
  return claim ? { id, createdAt, claim } : { id, createdAt }
}
