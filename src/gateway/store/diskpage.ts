import type { Extents } from './extents.ts'
import { chunksOf, recordAt } from './record.ts'
import type { Segments } from './segments.ts'
import { PAGE_BYTES, type Page } from './store.ts'

/** How far apart records may lie that are fetched with one read. */
const SPAN_BYTES = 1 << 20

/**
 * A page of a log from the disk: records that lie near each other come with one read, each is checked. Undefined: the record is not
 * where it should be; it may have been copied to another place in the meantime.
 */
export async function diskPage(
  segments: Segments,
  task: number,
  extents: Extents,
  from: number,
): Promise<Page | undefined> {
  const index = extents.indexOf(from)
  const first = extents.at(index)
  if (!first) return undefined
  const near = [first]
  let end = first.offset + first.length
  for (let next = extents.at(index + 1); next; next = extents.at(index + near.length)) {
    if (next.segment !== first.segment || next.offset < end) break
    if (next.offset + next.length - first.offset > SPAN_BYTES) break
    end = next.offset + next.length
    near.push(next)
  }
  const span = await segments
    .read(first.segment, first.offset, end - first.offset)
    .catch(() => Buffer.alloc(0))
  const bytes: Uint8Array[] = []
  let next = from
  let size = 0
  for (const { offset } of near) {
    const record = recordAt(span, offset - first.offset)
    if (record?.task !== task || record.first > next || size >= PAGE_BYTES) break
    const batch = chunksOf(span, record, next)
    bytes.push(batch.bytes)
    size += batch.bytes.length
    next = record.first + record.chunks
  }
  return bytes.length > 0 ? { bytes, next } : undefined
}
