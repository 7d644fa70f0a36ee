import type { End } from '../../../protocol.ts'
import type { Log } from '../log.ts'
import type { Batch } from '../store.ts'
import { chunksAt, SEAL } from './keys.ts'
import type { Reply } from './link.ts'

/** What one entry holds at most, unless one chunk is larger: a page is made of whole entries. */
const ENTRY_BYTES = 64 << 10
const ENTRY_CHUNKS = 512

/** One entry of a log in Redis: some chunks, the last of which has number `chunks - 1`, or the end. */
export type Entry =
  | { readonly chunks: number; readonly batch: Batch; readonly end?: undefined }
  | { readonly end: End }

/** That there is but one chunk in an entry. */
export const NO_ENDS = Buffer.alloc(0)

/** The chunks from number `from` on that make the next entry, and where each ends, four bytes each. */
export function piece(log: Log, from: number) {
  const span = log.span(from)
  if (!span) return undefined
  const { bytes, start, index } = span
  const endOf = (chunk: number) => span.ends[index + chunk] ?? start
  const most = Math.min(span.count, ENTRY_CHUNKS)
  let count = 1
  while (count < most && endOf(count) - start <= ENTRY_BYTES) count++
  const ends = count === 1 ? NO_ENDS : Buffer.allocUnsafe(4 * count)
  if (count > 1) for (let i = 0; i < count; i++) ends.writeUInt32LE(endOf(i) - start, 4 * i)
  return { bytes: bytes.subarray(start, endOf(count - 1)), count, ends }
}

/** The entries in a reply of XRANGE, or in one stream's part of XREAD. */
export function entriesOf(reply: Reply): Entry[] {
  const entries: Entry[] = []
  for (const it of list(reply)) {
    const [id, fields] = list(it)
    const [, bytes, , ends] = list(fields)
    if (!Buffer.isBuffer(id) || !Buffer.isBuffer(bytes)) continue
    const name = id.toString('latin1')
    const chunks = chunksAt(name)
    if (name === SEAL) entries.push({ end: JSON.parse(String(bytes)) as End })
    else if (chunks > 0) entries.push({ chunks, batch: { bytes, ends: unpackedEnds(bytes, ends) } })
  }
  return entries
}

/** Without its first `skip` chunks. */
export function behind(batch: Batch, skip: number): Batch {
  if (skip === 0) return batch
  const start = batch.ends[skip - 1] ?? 0
  return { bytes: batch.bytes.subarray(start), ends: batch.ends.slice(skip).map((end) => end - start) }
}

export const list = (reply: Reply | undefined): readonly Reply[] => (Array.isArray(reply) ? reply : [])

function unpackedEnds(bytes: Buffer, packed: Reply | undefined): readonly number[] {
  if (!Buffer.isBuffer(packed) || packed.length === 0) return [bytes.length]
  const ends = new Array<number>(packed.length / 4)
  for (let i = 0; i < ends.length; i++) ends[i] = packed.readUInt32LE(4 * i)
  return ends
}
