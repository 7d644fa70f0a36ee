import type { Kept } from './kept.ts'
import { chunksOf, recordAt } from './record.ts'
import type { Segments } from './segments.ts'
import { PAGE_BYTES, type Page } from './store.ts'

/** How far apart records may lie that are fetched with one read. */
const SPAN_BYTES = 512 << 10

/**
 * A page of a log from the disk: records that lie near each other come with one read, each is checked. Undefined: the record is not
 * where it should be, or is damaged.
 * @throws the system's error
 */
export async function diskPage(segments: Segments, entry: Kept, from: number): Promise<Page | undefined> {
  for (;;) {
    const { extents } = entry
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
    const found = await segments.read(first, end - first.offset)
    const bytes: Uint8Array[] = []
    let next = from
    let room = PAGE_BYTES
    for (const { offset, first: number } of found ? near : []) {
      const record = found && recordAt(found.bytes, offset - first.offset, found.mark)
      if (!found || record?.task !== entry.number || record.first !== number || record.type !== 'chunks')
        break
      const batch = chunksOf(found.bytes, record, next, room)
      if (bytes.length > 0 && batch.bytes.length > room) break
      bytes.push(batch.bytes)
      next += batch.count
      room -= batch.bytes.length
      if (room <= 0 || next < record.first + record.chunks) break
    }
    if (next > from) return { bytes, next }
    const now = entry.extents.at(entry.extents.indexOf(from))
    // It was copied to another place in the meantime: there it is.
    if (!now || (now.segment === first.segment && now.offset === first.offset)) return undefined
  }
}
