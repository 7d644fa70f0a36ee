import { crc32 } from 'node:zlib'
import type { End } from '../../protocol.ts'
import type { Batch, NewTask } from './store.ts'

/**
 * A journal is a row of records, each
 *
 *     0  u32  "GHJ1"
 *     4  u32  length of the record, these 24 bytes included
 *     8  u32  CRC-32 of everything behind it
 *    12  u32  type in the high byte, number of chunks below
 *    16  u32  number of the task
 *    20  u32  number of the first chunk; for an end: how many chunks there were
 *    24       chunks: where each but the last ends (u32 each), then their bytes. Else JSON.
 *
 * Tasks have numbers of their own in the journal, so that a chunk does not carry 16 bytes of id.
 */
export const RECORD_HEAD_BYTES = 24
export const MAGIC = Buffer.from('GHJ1')
const MAGIC_LE = MAGIC.readUInt32LE(0)
/** Longest run of chunks in one record. */
export const RECORD_CHUNKS = 4096

export type RecordType = 'task' | 'chunks' | 'end'
const TYPES: readonly RecordType[] = ['task', 'chunks', 'end']

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

/** Where a record lies and what it is about; `start` and `end` are offsets in the scanned bytes. */
export interface RecordHead {
  readonly type: RecordType
  readonly task: number
  readonly first: number
  readonly chunks: number
  readonly start: number
  readonly end: number
}

function headOf(
  type: RecordType,
  task: number,
  first: number,
  chunks: number,
  rest: readonly Uint8Array[],
): Buffer {
  const table = type === 'chunks' ? Math.max(0, chunks - 1) * 4 : 0
  const head = Buffer.allocUnsafe(RECORD_HEAD_BYTES + table)
  let length = head.length
  for (const part of rest) length += part.length
  head.writeUInt32LE(MAGIC_LE, 0)
  head.writeUInt32LE(length, 4)
  head.writeUInt32LE(((TYPES.indexOf(type) << 24) | chunks) >>> 0, 12)
  head.writeUInt32LE(task, 16)
  head.writeUInt32LE(first, 20)
  return head
}

function seal(head: Buffer, rest: readonly Uint8Array[]): void {
  let crc = crc32(head.subarray(12))
  for (const part of rest) crc = crc32(part, crc)
  head.writeUInt32LE(crc, 8)
}

/** A record of chunks as the buffers to write: a head made for it, and the chunks' bytes where they lie. */
export function chunksRecord(task: number, first: number, { bytes, ends }: Batch): [Buffer, Uint8Array] {
  const head = headOf('chunks', task, first, ends.length, [bytes])
  for (let i = 0; i + 1 < ends.length; i++) head.writeUInt32LE(ends[i] ?? 0, RECORD_HEAD_BYTES + 4 * i)
  seal(head, [bytes])
  return [head, bytes]
}

export function jsonRecord(
  type: 'task' | 'end',
  task: number,
  first: number,
  value: TaskRecord | EndRecord,
): Buffer {
  const rest = [Buffer.from(JSON.stringify(value))]
  const head = headOf(type, task, first, 0, rest)
  seal(head, rest)
  return Buffer.concat([head, ...rest])
}

/** The record that begins at `start`; undefined when there is no whole and undamaged one. */
export function recordAt(bytes: Buffer, start: number): RecordHead | undefined {
  const length = lengthAt(bytes, start)
  if (length === undefined || start + length > bytes.length) return undefined
  if (crc32(bytes.subarray(start + 12, start + length)) !== bytes.readUInt32LE(start + 8)) return undefined
  return { ...aboutAt(bytes, start), end: start + length }
}

/** The length that a record claims to have; undefined when nothing like a record begins there. */
export function lengthAt(bytes: Buffer, start: number): number | undefined {
  if (start + RECORD_HEAD_BYTES > bytes.length || bytes.readUInt32LE(start) !== MAGIC_LE) return undefined
  const length = bytes.readUInt32LE(start + 4)
  return length < RECORD_HEAD_BYTES ? undefined : length
}

/** What the head at `start` says, whether or not the record is whole. */
export function aboutAt(bytes: Buffer, start: number): Omit<RecordHead, 'end'> {
  const kind = bytes.readUInt32LE(start + 12)
  return {
    type: TYPES[kind >>> 24] ?? 'chunks',
    chunks: kind & 0xffffff,
    task: bytes.readUInt32LE(start + 16),
    first: bytes.readUInt32LE(start + 20),
    start,
  }
}

export function jsonOf<T extends TaskRecord | EndRecord>(bytes: Buffer, record: RecordHead): T {
  return JSON.parse(bytes.toString('utf8', record.start + RECORD_HEAD_BYTES, record.end)) as T
}

/** The chunks of a record from number `from` on, as they lie in the scanned bytes. */
export function chunksOf(bytes: Buffer, record: RecordHead, from: number): Batch {
  const skip = Math.max(0, from - record.first)
  const base = record.start + RECORD_HEAD_BYTES + 4 * (record.chunks - 1)
  const endOf = (i: number) =>
    i === record.chunks - 1 ? record.end - base : bytes.readUInt32LE(record.start + RECORD_HEAD_BYTES + 4 * i)
  const start = skip > 0 ? endOf(skip - 1) : 0
  const ends: number[] = []
  for (let i = skip; i < record.chunks; i++) ends.push(endOf(i) - start)
  return { bytes: bytes.subarray(base + start, record.end), ends }
}

/** Bytes of the chunks in a record of this length. */
export function payloadBytes(length: number, chunks: number): number {
  return length - RECORD_HEAD_BYTES - 4 * (chunks - 1)
}
