import { erase } from './erasing.ts'
import { Extents } from './extents.ts'
import { type Kept, sizesOf } from './kept.ts'
import { putChunks, putJson, RECORD_CHUNKS } from './record.ts'
import type { Segments } from './segments.ts'
import { Sheet } from './sheet.ts'
import { endAt, type Slab } from './slab.ts'
import type { Spot, TaskSpot } from './spot.ts'
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
  /** Where the sheet will be in the segments, and the mark of its records. */
  #place: ReturnType<Segments['begin']> = { segment: 0, offset: 0, mark: 0 }
  /**
   * What is on the sheet, in the first `#rows` places: of which task, and its first chunk (or what else it is). The places stay: making
   * them anew each tick would cost as much as writing the records.
   */
  #rows = 0
  readonly #made: (Kept | undefined)[] = []
  readonly #firsts: number[] = []
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
    this.#sheet.take()
    try {
      for (const entry of entries) this.#put(entry)
      this.#commit()
    } catch (error) {
      this.#undo()
      throw error
    } finally {
      this.#clear()
    }
  }

  /**
   * All that is new of a task, on the sheet. It counts as written at once: to come back to each task after the write was a tenth of what the
   * journal costs, since the next ones had taken its place in the processor's cache.
   */
  #put(entry: Kept): void {
    const sheet = this.#sheet
    const { number, log, ending } = entry
    if (!entry.taskAt) {
      const { segment, offset, mark } = this.#begin()
      const at = offset + sheet.bytes
      entry.taskAt = { segment, offset: at, length: putJson(sheet, mark, 'task', number, 0, aboutOf(entry)) }
      this.#note(entry, TASK)
    }
    while (log && entry.stored < log.chunks) {
      const from = entry.stored
      const slab = log.slabOf(from)
      if (!slab) break
      const count = fitting(slab, from)
      const { segment, offset, mark } = this.#begin()
      const at = offset + sheet.bytes
      entry.extents.put(segment, at, putChunks(sheet, mark, number, slab, from, count), from, count)
      entry.stored = from + count
      this.#note(entry, from)
    }
    if (!ending || entry.endAt) return
    const { segment, offset, mark } = this.#begin()
    const at = offset + sheet.bytes
    const said = { end: ending.end, finishedAt: ending.at }
    entry.endAt = { segment, offset: at, length: putJson(sheet, mark, 'end', number, entry.chunks, said) }
    this.#note(entry, END)
  }

  /** Sees to it that there is room for another record, and says where the sheet will be. */
  #begin(): ReturnType<Segments['begin']> {
    if (this.#sheet.bytes >= WRITE_BYTES) this.#commit()
    if (this.#rows === 0) this.#place = this.#segments.begin()
    return this.#place
  }

  /** What the record is that was made, in flat rows: there may be very many. */
  #note(entry: Kept, first: number): void {
    const row = this.#rows++
    this.#made[row] = entry
    this.#firsts[row] = first
  }

  #commit(): void {
    if (this.#rows > 0) this.#segments.write(this.#sheet.take())
    this.#clear()
  }

  /** Nothing on the sheet was written. */
  #undo(): void {
    for (let row = this.#rows - 1; row >= 0; row--) {
      const entry = this.#made[row]
      const first = this.#firsts[row] ?? 0
      if (!entry) continue
      if (first === TASK) entry.taskAt = undefined
      else if (first === END) entry.endAt = undefined
      else {
        entry.extents.drop()
        entry.stored = first
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

/** How many chunks of a slab go into one record: no larger than a page, so that a page from the disk costs no more than it is. */
function fitting(slab: Slab, from: number): number {
  const index = from - slab.first
  const start = endAt(slab, index - 1)
  let fits = Math.min(slab.count - index, RECORD_CHUNKS)
  while (fits > 1 && endAt(slab, index + fits - 1) - start > PAGE_BYTES) fits--
  return fits
}

function aboutOf({ id, createdAt, claim }: Kept) {
  return claim ? { id, createdAt, claim } : { id, createdAt }
}
