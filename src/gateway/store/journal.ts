import { erase } from './erasing.ts'
import { Extents } from './extents.ts'
import { type Kept, sizesOf } from './kept.ts'
import type { Span } from './log.ts'
import { putChunks, putJson, RECORD_CHUNKS } from './record.ts'
import type { Segments } from './segments.ts'
import { Sheet } from './sheet.ts'
import type { Place, Spot, TaskSpot } from './spot.ts'
import { PAGE_BYTES } from './store.ts'

/** One system call's worth, when there is much to write at once. */
const WRITE_BYTES = 8 << 20
/** In place of a first chunk. */
const TASK = -1
const END = -2

/** Tasks and their chunks in segments on disk. */
export class Journal {
  readonly #segments: Segments
  readonly #sheet = new Sheet()
  /**
   * What is on the sheet, in its first `#rows` places: of which task, its first chunk (or what else it is), how many, and where it
   * begins. The places stay: making them anew each tick would cost as much as writing the records.
   */
  #rows = 0
  readonly #made: (Kept | undefined)[] = []
  readonly #firsts: number[] = []
  readonly #counts: number[] = []
  readonly #begins: number[] = []
  #mark = 0
  /** Records of tasks that were forgotten, to be erased before anything else of those tasks. */
  #forgotten: TaskSpot[] = []
  /** Everything else that nothing needs any more. */
  #dead: Iterable<Spot>[] = []

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
    this.#clear()
    for (const entry of entries) {
      const { number, log, ending } = entry
      if (!entry.taskAt) {
        const mark = this.#begin(entry, TASK, 0)
        putJson(sheet, mark, 'task', number, 0, aboutOf(entry))
      }
      let from = entry.stored
      for (let span = log?.span(from); span; span = log?.span(from)) {
        const count = fitting(span)
        const mark = this.#begin(entry, from, count)
        putChunks(sheet, mark, number, from, span, count)
        from += count
      }
      if (!ending || entry.endAt) continue
      const { end, at: finishedAt } = ending
      const mark = this.#begin(entry, END, 0)
      putJson(sheet, mark, 'end', number, entry.chunks, { end, finishedAt })
    }
    this.#commit()
  }

  /** Notes what the next record will be, and gives the mark of its segment. What comes is kept in flat rows: there may be very many. */
  #begin(entry: Kept, first: number, chunks: number): number {
    if (this.#sheet.bytes >= WRITE_BYTES) this.#commit()
    if (this.#rows === 0) this.#mark = this.#segments.begin()
    const row = this.#rows++
    this.#made[row] = entry
    this.#firsts[row] = first
    this.#counts[row] = chunks
    this.#begins[row] = this.#sheet.bytes
    return this.#mark
  }

  #commit(): void {
    const rows = this.#rows
    this.#begins[rows] = this.#sheet.bytes
    try {
      if (rows > 0) this.#settle(this.#segments.write(this.#sheet.take()), rows)
    } finally {
      this.#clear()
    }
  }

  /** The records are where they belong. */
  #settle({ segment, offset }: Place, rows: number): void {
    for (let i = 0; i < rows; i++) {
      const entry = this.#made[i]
      const first = this.#firsts[i] ?? 0
      const chunks = this.#counts[i] ?? 0
      const begin = this.#begins[i] ?? 0
      const length = (this.#begins[i + 1] ?? 0) - begin
      if (!entry) continue
      if (first === TASK) entry.taskAt = { segment, offset: offset + begin, length }
      else if (first === END) entry.endAt = { segment, offset: offset + begin, length }
      else {
        entry.extents.put(segment, offset + begin, length, first, chunks)
        entry.stored = first + chunks
      }
    }
  }

  #clear(): void {
    // A task that is forgotten must not be held by its place.
    this.#made.fill(undefined, 0, this.#rows)
    this.#rows = 0
  }

  /** What the journal has of this task is not to be relied on: all of it counts as new. */
  release(entry: Kept): void {
    this.#count(entry, -1)
    if (entry.taskAt) this.disown({ task: entry.number, spot: entry.taskAt })
    this.bury(entry.extents)
    this.bury(entry.endAt ? [...entry.aside, entry.endAt] : entry.aside)
    entry.extents = new Extents()
    entry.aside = []
    entry.taskAt = undefined
    entry.endAt = undefined
    entry.stored = 0
  }

  /** A record of a task that has another one, or is not wanted any more. */
  disown(task: TaskSpot): void {
    this.#forgotten.push(task)
  }

  /** Records that nothing needs, of a task that is disowned. */
  bury(spots: Iterable<Spot>): void {
    this.#dead.push(spots)
  }

  /**
   * Deletes the segments that nothing needs. A task that was forgotten must not come back in part at the next start because its first
   * records lie where something else is alive: there its own is erased first.
   * @throws the system's error
   */
  clean(): void {
    for (let it = this.#forgotten.at(-1); it; it = this.#forgotten.at(-1)) {
      this.#segments.erase(it.spot, 'task', it.task)
      this.#forgotten.pop()
    }
    this.#segments.deleteEmpty()
  }

  /** Erases what nothing needs where it was not deleted. @throws the system's error */
  async erase(signal: AbortSignal): Promise<void> {
    for (let [spots] = this.#dead; spots && !signal.aborted; [spots] = this.#dead) {
      await erase(this.#segments, spots)
      this.#dead.shift()
    }
  }

  /** Takes in a task that was found in the journal. */
  adopt(entry: Kept): void {
    this.#count(entry, 1)
  }

  /** The record of a chunk is damaged: what is before it stays. */
  cut(entry: Kept, chunk: number): void {
    this.#count(entry, -1)
    const damaged = entry.extents.at(entry.extents.indexOf(chunk))
    const { extents, chunks, bytes, rest } = entry.extents.row(damaged?.first ?? 0)
    entry.aside.push(...rest, ...(entry.endAt ? [entry.endAt] : []))
    entry.extents = extents
    entry.held = { chunks, bytes }
    entry.stored = chunks
    entry.endAt = undefined
    this.#count(entry, 1)
  }

  #count(entry: Kept, sign: 1 | -1): void {
    for (const [segment, bytes] of sizesOf(entry)) this.#segments.need(segment, sign * bytes)
  }
}

/** How many chunks of a span go into one record: no larger than a page, so that a page from the disk costs no more than it is. */
function fitting({ ends, index, start, count }: Span): number {
  let fits = Math.min(count, RECORD_CHUNKS)
  while (fits > 1 && (ends[index + fits - 1] ?? 0) - start > PAGE_BYTES) fits--
  return fits
}

function aboutOf({ id, createdAt, claim }: Kept) {
  return claim ? { id, createdAt, claim } : { id, createdAt }
}
