import type { End } from '../../../protocol.ts'
import { type Batch, lengthOf } from '../store.ts'
import { chunksAt, SEAL } from './keys.ts'
import type { Reply } from './link.ts'

/** One entry of a log in Redis: some chunks and no other bytes, the last of which has number `chunks - 1`, or the end. */
export type Entry =
  | { readonly chunks: number; readonly batch: Batch; readonly end?: undefined }
  | { readonly end: End }

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
    else if (chunks > 0) entries.push({ chunks, batch: batchOf(bytes, unpackedEnds(bytes, ends)) })
  }
  return entries
}

/** Without its first `skip` chunks. */
export function behind(batch: Batch, skip: number): Batch {
  if (skip === 0) return batch
  const { bytes, ends, count } = batch
  const start = lengthOf(batch, skip)
  return batchOf(
    bytes.subarray(start, lengthOf(batch, count)),
    ends.slice(skip, count).map((end) => end - start),
  )
}

const batchOf = (bytes: Uint8Array, ends: readonly number[]): Batch => ({ bytes, ends, count: ends.length })

export const list = (reply: Reply | undefined): readonly Reply[] => (Array.isArray(reply) ? reply : [])

function unpackedEnds(bytes: Buffer, packed: Reply | undefined): readonly number[] {
  if (!Buffer.isBuffer(packed) || packed.length === 0) return [bytes.length]
  const ends = new Array<number>(packed.length / 4)
  for (let i = 0; i < ends.length; i++) ends[i] = packed.readUInt32LE(4 * i)
  return ends
}
