import { readdirSync } from 'node:fs'
import { Extents } from './extents.ts'
import {
  type EndRecord,
  endOfRecord,
  headAt,
  isBlank,
  jsonOf,
  nextRecord,
  RECORD_HEAD_BYTES,
  type RecordHead,
  type TaskRecord,
} from './record.ts'
import { segmentNamed } from './segmentname.ts'
import type { Segments } from './segments.ts'
import type { Spot, TaskSpot } from './spot.ts'

/** Where a record of JSON lies, and what it says. */
export interface Found<T> extends Spot {
  readonly value: T
}

/** What the journal has of one task. */
export interface Recovered {
  readonly number: number
  readonly task: Found<TaskRecord>
  readonly end: Found<EndRecord> | undefined
  /** The unbroken row from chunk 0 on. */
  readonly extents: Extents
  readonly chunks: number
  readonly bytes: number
  /** Records of it that are not in that row. */
  readonly rest: readonly Spot[]
  /** Something of it is missing or damaged: only the row before it is left. */
  readonly damaged: boolean
}

export interface Scan {
  /** In the order they began. */
  readonly tasks: readonly Recovered[]
  readonly nextTask: number
  /** Records of tasks that have another one. */
  readonly stale: readonly TaskSpot[]
  /** Records of tasks that were forgotten, and erased ones that were not to the end. */
  readonly dead: readonly Iterable<Spot>[]
  /** Bytes cut off the ends of segments: records that were being written when the machine or the process stopped. */
  readonly cutBytes: number
  /** Bytes in the midst of segments that are no whole records. */
  readonly damagedBytes: number
}

interface Draft {
  readonly number: number
  task?: Found<TaskRecord> | undefined
  end?: (Found<EndRecord> & { readonly chunks: number }) | undefined
  readonly extents: Extents
  /** A record that names the task was damaged. */
  hit: boolean
}

/**
 * Reads the whole journal: every whole record is kept, wherever the damage is. A torn tail is cut off, so that the next scan finds the
 * same without it.
 * @throws the system's error
 */
export async function scan(segments: Segments): Promise<Scan> {
  const numbers = readdirSync(segments.dir, { withFileTypes: true })
    .flatMap((file) => {
      const named = file.isFile() ? segmentNamed(file.name) : undefined
      return named ? [{ name: file.name, ...named }] : []
    })
    .sort((a, b) => a.number - b.number)
    .map(({ name, mark, number }) => segments.found(name, mark, number))
  const survey = new Survey()
  // New memory for each segment would cost as much as reading it.
  const rooms: Buffer[] = []
  const read = (i: number) => {
    const segment = numbers[i]
    const reading = segment === undefined ? undefined : segments.whole(segment, rooms[i % 2])
    // Whoever awaits it hears of it, if anybody still does.
    reading?.catch(() => {})
    return reading
  }
  let next = read(0)
  for (const [i, segment] of numbers.entries()) {
    const found = await next
    next = read(i + 1)
    if (!found) break
    rooms[i % 2] = larger(rooms[i % 2], found.bytes)
    const whole = survey.take(segment, found.bytes, found.mark)
    segments.accept(segment, whole, whole < found.bytes.length)
  }
  return survey.result()
}

function larger(one: Buffer | undefined, other: Buffer): Buffer {
  return one && one.length > other.length ? one : other
}

class Survey {
  readonly #drafts = new Map<number, Draft>()
  readonly #stale: TaskSpot[] = []
  readonly #unerased: Spot[] = []
  #last: Draft | undefined
  #cutBytes = 0
  #damagedBytes = 0

  /** Notes every record of a segment, and gives the number of bytes up to the end of the last. */
  take(segment: number, bytes: Buffer, mark: number): number {
    for (let at = 0; at < bytes.length; ) {
      const end = endOfRecord(bytes, at, mark)
      if (end !== undefined) {
        this.#note(segment, bytes, at, end, mark)
        at = end
        continue
      }
      const resumed = nextRecord(bytes, at + 1, mark)
      if (resumed === undefined) {
        this.#cutBytes += bytes.length - at
        return at
      }
      this.#damagedBytes += resumed - at
      // Most likely its head is as it was.
      if (at + RECORD_HEAD_BYTES <= resumed) {
        const draft = this.#drafts.get(headAt(bytes, at, resumed).task)
        if (draft) draft.hit = true
      }
      at = resumed
    }
    return bytes.length
  }

  result(): Scan {
    const tasks: Recovered[] = []
    const dead: Iterable<Spot>[] = [this.#unerased]
    let nextTask = 1
    for (const { number, task, end, extents, hit } of this.#drafts.values()) {
      nextTask = Math.max(nextTask, number + 1)
      if (!task) {
        dead.push(extents, end ? [end] : [])
        continue
      }
      const { hole, ...row } = extents.row(end?.chunks)
      tasks.push({ number, task, end, ...row, damaged: end ? end.chunks !== row.chunks : hole || hit })
    }
    tasks.sort((a, b) => a.number - b.number)
    return {
      tasks,
      nextTask,
      stale: this.#stale,
      dead,
      cutBytes: this.#cutBytes,
      damagedBytes: this.#damagedBytes,
    }
  }

  #note(segment: number, bytes: Buffer, start: number, end: number, mark: number): void {
    // Most records are of chunks, and there can be very many: no objects for those.
    const kind = bytes.readUInt32LE(start + 12)
    if (bytes.readUInt32LE(start) !== mark) return this.#noteErased(segment, bytes, start, end)
    const draft = this.#draft(bytes.readUInt32LE(start + 16))
    if (kind >>> 24 === 1) {
      const first = bytes.readUInt32LE(start + 20)
      draft.extents.put(segment, start, end - start, first, kind & 0xffffff)
      return
    }
    const record = headAt(bytes, start, end)
    if (record.type === 'task') {
      if (draft.task) this.#stale.push({ task: draft.number, spot: draft.task })
      draft.task = found<TaskRecord>(segment, bytes, record)
    } else draft.end = { ...found<EndRecord>(segment, bytes, record), chunks: record.first }
  }

  /** Of the records of tasks that were copied, the last one counts. */
  #noteErased(segment: number, bytes: Buffer, start: number, end: number): void {
    const record = headAt(bytes, start, end)
    if (record.type === 'task') this.#draft(record.task).task = undefined
    if (!isBlank(bytes, record)) this.#unerased.push({ segment, offset: start, length: end - start })
  }

  #draft(number: number): Draft {
    if (this.#last?.number === number) return this.#last
    let draft = this.#drafts.get(number)
    if (!draft) {
      draft = { number, extents: new Extents(), hit: false }
      this.#drafts.set(number, draft)
    }
    this.#last = draft
    return draft
  }
}

function found<T extends TaskRecord | EndRecord>(
  segment: number,
  bytes: Buffer,
  record: RecordHead,
): Found<T> {
  const { start, end } = record
  return { segment, offset: start, length: end - start, value: jsonOf<T>(bytes, record) }
}
