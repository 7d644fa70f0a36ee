import type { End } from '../../protocol.ts'
import { checksum, checksumOfLong, copySummed, SHORT_BYTES } from './checksum.ts'
import type { Sheet } from './sheet.ts'
import { bytesIn, endAt, type Slab } from './slab.ts'
import type { Batch, NewTask } from './store.ts'

/**
 * A segment of the journal is a row of records, each
 *
 *     0  u32  the segment's mark; its complement when the record was erased
 *     4  u32  length of the record, these 24 bytes included
 *     8  u32  checksum of everything behind it, begun with the mark; in a record of up to 400 bytes, of the chunks' bytes or the JSON,
 *             begun with the checksum of what lies between here and them. When erased, of the head alone, begun with mark and length
 *    12  u32  type in the high byte, number of chunks below
 *    16  u32  number of the task
 *    20  u32  number of the first chunk; for an end: how many chunks there were
 *    24       chunks: where each but the last ends (u32 each), then their bytes. Erased: zeros. Else JSON.
 *
 * The mark is random and stands in the name of the segment's file alone, so that neither an answer that spells a record nor a block of
 * a deleted file can pass for one when the bytes before it are damaged. Tasks have numbers of their own in the journal, so that a chunk
 * does not carry 16 bytes of id. An erased record may stand for several that lay one behind the other, and a task's says that the task
 * was forgotten.
 */
export const RECORD_HEAD_BYTES = 24
/** Up to here it is cheaper to copy a record's bytes than to pass them as a buffer of their own. */
const SMALL_BYTES = 4 << 10
/** Longest run of chunks in one record. */
export const RECORD_CHUNKS = 4096

const TYPES = ['task', 'chunks', 'end'] as const
const CHUNKS = TYPES.indexOf('chunks')
export type RecordType = (typeof TYPES)[number]

/** What a `task` record says. */
export interface TaskRecord {
  readonly id: string
  readonly createdAt: number
  readonly claim?: NonNullable<NewTask['claim']>
}
/** What an `end` record says. */
export interface EndRecord {
  readonly end: End
  readonly finishedAt: number
}

/** Where a record lies and what it is about; `start` and `end` are offsets in the bytes it was found in. */
export interface RecordHead {
  readonly type: RecordType
  readonly task: number
  readonly first: number
  readonly chunks: number
  readonly start: number
  readonly end: number
}

/** Writes a record of `count` chunks of a slab, from number `first` on, on a sheet, and gives its length. */
export function putChunks(
  sheet: Sheet,
  mark: number,
  task: number,
  slab: Slab,
  first: number,
  count: number,
): number {
  const index = first - slab.first
  const start = endAt(slab, index - 1)
  const end = endAt(slab, index + count - 1)
  const payload = end - start
  const table = RECORD_HEAD_BYTES + 4 * (count - 1)
  const length = table + payload
  const small = payload <= SMALL_BYTES
  const at = sheet.make(small ? length : table)
  const { room, view } = sheet
  begin(view, at, mark, CHUNKS, count, task, first, length)
  for (let i = 0; i + 1 < count; i++)
    view.setUint32(at + RECORD_HEAD_BYTES + 4 * i, endAt(slab, index + i) - start, true)
  if (length <= SHORT_BYTES) {
    const head = checksum(room, at + 12, at + table, mark)
    view.setUint32(at + 8, copySummed(slab.view, start, end, view, at + table, head), true)
  } else if (small) {
    room.set(bytesIn(slab.view, start, end), at + table)
    view.setUint32(at + 8, sumOf(room, at, at + table, at + length, mark), true)
  } else {
    const piece = bytesIn(slab.view, start, end)
    view.setUint32(at + 8, checksumOfLong(mark, room.subarray(at + 12, at + table), piece), true)
    sheet.lay(piece)
  }
  return length
}

/** Writes a record of JSON on a sheet, and gives its length. */
export function putJson(
  sheet: Sheet,
  mark: number,
  type: 'task' | 'end',
  task: number,
  first: number,
  value: TaskRecord | EndRecord,
): number {
  const json = Buffer.from(JSON.stringify(value))
  const length = RECORD_HEAD_BYTES + json.length
  const at = sheet.make(length)
  const { room, view } = sheet
  begin(view, at, mark, TYPES.indexOf(type), 0, task, first, length)
  room.set(json, at + RECORD_HEAD_BYTES)
  view.setUint32(at + 8, sumOf(room, at, at + RECORD_HEAD_BYTES, at + length, mark), true)
  return length
}

/** The checksum of a record whose chunks or JSON begin at `body`. */
function sumOf(bytes: Buffer, start: number, body: number, end: number, mark: number): number {
  return end - start <= SHORT_BYTES
    ? checksum(bytes, body, end, checksum(bytes, start + 12, body, mark))
    : checksum(bytes, start + 12, end, mark)
}

/** Where the chunks or the JSON of the record at `start` begin, whether or not it is whole. */
function bodyOf(bytes: Buffer, start: number): number {
  return start + RECORD_HEAD_BYTES + 4 * Math.max(0, (bytes.readUInt32LE(start + 12) & 0xffffff) - 1)
}

function begin(
  view: DataView,
  at: number,
  mark: number,
  type: number,
  chunks: number,
  task: number,
  first: number,
  length: number,
): void {
  view.setUint32(at, mark, true)
  view.setUint32(at + 4, length, true)
  view.setUint32(at + 12, (type << 24) | chunks, true)
  view.setUint32(at + 16, task, true)
  view.setUint32(at + 20, first, true)
}

/** Where the record that begins at `start` ends; undefined when there is no whole and undamaged one. */
export function endOfRecord(bytes: Buffer, start: number, mark: number): number | undefined {
  if (start + RECORD_HEAD_BYTES > bytes.length) return undefined
  const found = bytes.readUInt32LE(start)
  const isAlive = found === mark
  if (!isAlive && found !== ~mark >>> 0) return undefined
  const length = bytes.readUInt32LE(start + 4)
  const end = start + length
  if (length < RECORD_HEAD_BYTES || end > bytes.length) return undefined
  const body = bodyOf(bytes, start)
  if (isAlive && (body > end || bytes.readUInt8(start + 15) >= TYPES.length)) return undefined
  const sum = isAlive
    ? sumOf(bytes, start, body, end, mark)
    : checksum(bytes, start + 12, start + RECORD_HEAD_BYTES, (mark ^ length) >>> 0)
  return sum === bytes.readUInt32LE(start + 8) ? end : undefined
}

/** The record that begins at `start`; undefined when there is no whole and undamaged one, or one that was erased. */
export function recordAt(bytes: Buffer, start: number, mark: number): RecordHead | undefined {
  const end = endOfRecord(bytes, start, mark)
  return end === undefined || bytes.readUInt32LE(start) !== mark ? undefined : headAt(bytes, start, end)
}

/** What the head at `start` says, whether or not the record is whole. */
export function headAt(bytes: Buffer, start: number, end: number): RecordHead {
  const kind = bytes.readUInt32LE(start + 12)
  return {
    type: TYPES[kind >>> 24] ?? 'chunks',
    chunks: kind & 0xffffff,
    task: bytes.readUInt32LE(start + 16),
    first: bytes.readUInt32LE(start + 20),
    start,
    end,
  }
}

/**
 * What is written over a record, or over several one behind the other: a head and zeros. Its mark is as unlike the other as can be, so
 * that no single damage makes it, and the head is whole by itself: where a process dies while it writes, the rest is erased later.
 */
export function erased(mark: number, type: 'task' | 'chunks', task: number, length: number): Buffer {
  const bytes = Buffer.alloc(length)
  const view = new DataView(bytes.buffer, bytes.byteOffset, RECORD_HEAD_BYTES)
  begin(view, 0, ~mark >>> 0, TYPES.indexOf(type), 0, task, 0, length)
  view.setUint32(8, checksum(bytes, 12, RECORD_HEAD_BYTES, (mark ^ length) >>> 0), true)
  return bytes
}

/** Whether nothing is left of what an erased record stands for. */
export function isBlank(bytes: Buffer, { start, end }: Pick<RecordHead, 'start' | 'end'>): boolean {
  const from = start + RECORD_HEAD_BYTES
  // What equals itself one byte on is all the same byte.
  return from >= end || (bytes[from] === 0 && bytes.compare(bytes, from + 1, end, from, end - 1) === 0)
}

function u32(value: number): Buffer {
  const bytes = Buffer.allocUnsafe(4)
  bytes.writeUInt32LE(value)
  return bytes
}

/** Makes a record one of another segment. */
export function remark(bytes: Buffer, { start, end }: RecordHead, mark: number): void {
  bytes.writeUInt32LE(mark, start)
  bytes.writeUInt32LE(sumOf(bytes, start, bodyOf(bytes, start), end, mark), start + 8)
}

/** Where the next whole record begins. */
export function nextRecord(bytes: Buffer, from: number, mark: number): number | undefined {
  const alive = seek(bytes, from, mark, u32(mark))
  // Not further than that: where there is much damage, each search to the end would make the whole a square.
  return seek(alive === undefined ? bytes : bytes.subarray(0, alive), from, mark, u32(~mark >>> 0)) ?? alive
}

function seek(bytes: Buffer, from: number, mark: number, pattern: Buffer): number | undefined {
  for (let at = bytes.indexOf(pattern, from); at !== -1; at = bytes.indexOf(pattern, at + 1))
    if (endOfRecord(bytes, at, mark) !== undefined) return at
  return undefined
}

export function jsonOf<T extends TaskRecord | EndRecord>(bytes: Buffer, record: RecordHead): T {
  return JSON.parse(bytes.toString('utf8', record.start + RECORD_HEAD_BYTES, record.end)) as T
}

/** The chunks of a record from number `from` on, as they lie in the scanned bytes, and nothing else; at most `most` bytes, but at least one chunk. */
export function chunksOf(bytes: Buffer, record: RecordHead, from: number, most: number): Batch {
  const skip = Math.max(0, from - record.first)
  const base = record.start + RECORD_HEAD_BYTES + 4 * (record.chunks - 1)
  const endOf = (i: number) =>
    i === record.chunks - 1 ? record.end - base : bytes.readUInt32LE(record.start + RECORD_HEAD_BYTES + 4 * i)
  const start = skip > 0 ? endOf(skip - 1) : 0
  const ends: number[] = []
  for (let i = skip; i < record.chunks; i++) {
    const end = endOf(i) - start
    if (end > most && ends.length > 0) break
    ends.push(end)
  }
  const { length: count } = ends
  return { bytes: bytes.subarray(base + start, base + start + (ends.at(-1) ?? 0)), ends, count }
}

/** Bytes of the chunks in a record of this length. */
export function payloadBytes(length: number, chunks: number): number {
  return length - RECORD_HEAD_BYTES - 4 * (chunks - 1)
}
