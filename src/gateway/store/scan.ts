import { readdirSync, truncateSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { Extents } from './extents.ts'
import {
  aboutAt,
  type EndRecord,
  jsonOf,
  MAGIC,
  type RecordHead,
  recordAt,
  type TaskRecord,
} from './record.ts'
import type { Place, Segments } from './segments.ts'

/** Where a record of JSON lies, and what it says. */
export interface Found<T> extends Place {
  readonly length: number
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
  /** Something of it is missing or damaged: only the row before it is left. */
  readonly damaged: boolean
}

export interface Scan {
  readonly tasks: readonly Recovered[]
  readonly nextTask: number
  /** Bytes cut off the ends of segments: records that were being written when the machine or the process stopped. */
  readonly cutBytes: number
  /** Bytes in the midst of segments that are no whole records. */
  readonly damagedBytes: number
}

interface Draft {
  task?: Found<TaskRecord>
  end?: Found<EndRecord> & { readonly chunks: number }
  readonly extents: Extents
  /** A record that names the task was damaged. */
  hit: boolean
}

/**
 * Reads the whole journal: every whole record is kept, wherever the damage is. A torn tail is cut off, so that the next scan finds the
 * same without it.
 */
export async function scan(dir: string, segments: Segments): Promise<Scan> {
  const drafts = new Map<number, Draft>()
  const draftOf = (number: number): Draft => {
    let draft = drafts.get(number)
    if (!draft) {
      draft = { extents: new Extents(), hit: false }
      drafts.set(number, draft)
    }
    return draft
  }
  const numbers = readdirSync(dir)
    .map((name) => Number(/^(\d{8,})\.journal$/.exec(name)?.[1]))
    .filter((number) => number > 0)
    .sort((a, b) => a - b)
  let cutBytes = 0
  let damagedBytes = 0
  let next = numbers[0] === undefined ? undefined : readFile(segments.path(numbers[0]))
  for (const [i, segment] of numbers.entries()) {
    const bytes = (await next) ?? Buffer.alloc(0)
    const following = numbers[i + 1]
    next = following === undefined ? undefined : readFile(segments.path(following))
    let at = 0
    while (at < bytes.length) {
      const record = recordAt(bytes, at)
      if (record) {
        note(draftOf(record.task), record, segment, bytes)
        at = record.end
        continue
      }
      const resumed = nextRecord(bytes, at + 1)
      if (resumed === undefined) {
        cutBytes += bytes.length - at
        truncateSync(segments.path(segment), at)
        break
      }
      damagedBytes += resumed - at
      if (bytes.indexOf(MAGIC, at) === at) {
        const known = drafts.get(aboutAt(bytes, at).task)
        if (known) known.hit = true
      }
      at = resumed
    }
    segments.found(segment, Math.min(at, bytes.length))
  }
  let nextTask = 1
  const tasks: Recovered[] = []
  for (const [number, draft] of drafts) {
    nextTask = Math.max(nextTask, number + 1)
    if (!draft.task) continue
    const { hole, ...row } = draft.extents.row()
    const damaged = hole || (draft.end ? draft.end.chunks !== row.chunks : draft.hit)
    tasks.push({ number, task: draft.task, end: draft.end, ...row, damaged })
  }
  return { tasks, nextTask, cutBytes, damagedBytes }
}

function note(draft: Draft, record: RecordHead, segment: number, bytes: Buffer): void {
  const { start: offset, end } = record
  const length = end - offset
  if (record.type === 'chunks')
    draft.extents.add({ segment, offset, length, first: record.first, chunks: record.chunks })
  else if (record.type === 'task')
    draft.task = { segment, offset, length, value: jsonOf<TaskRecord>(bytes, record) }
  else draft.end = { segment, offset, length, value: jsonOf<EndRecord>(bytes, record), chunks: record.first }
}

/** Where the next whole record begins. */
function nextRecord(bytes: Buffer, from: number): number | undefined {
  for (let at = bytes.indexOf(MAGIC, from); at !== -1; at = bytes.indexOf(MAGIC, at + 1))
    if (recordAt(bytes, at)) return at
  return undefined
}
