import { payloadBytes } from './record.ts'

/** Where one record of chunks lies: in which segment, from which byte, how long; its first chunk's number, and how many it has. */
export interface Extent {
  readonly segment: number
  readonly offset: number
  readonly length: number
  readonly first: number
  readonly chunks: number
}

const FIELDS = 5
const FIRST = 3

/** Where the chunks of one log lie in the journal, in the order of the chunks; 20 bytes a record, since there can be very many. */
export class Extents {
  #table = new Uint32Array(FIELDS)
  #count = 0

  add({ segment, offset, length, first, chunks }: Extent): void {
    this.put(segment, offset, length, first, chunks)
  }

  put(segment: number, offset: number, length: number, first: number, chunks: number): void {
    const at = this.#count++ * FIELDS
    if (at + FIELDS > this.#table.length) {
      const larger = new Uint32Array(2 * this.#table.length)
      larger.set(this.#table)
      this.#table = larger
    }
    const table = this.#table
    table[at] = segment
    table[at + 1] = offset
    table[at + 2] = length
    table[at + FIRST] = first
    table[at + 4] = chunks
  }

  at(index: number): Extent | undefined {
    if (index < 0 || index >= this.#count) return undefined
    const at = index * FIELDS
    const [segment = 0, offset = 0, length = 0, first = 0, chunks = 0] = this.#table.subarray(at, at + FIELDS)
    return { segment, offset, length, first, chunks }
  }

  /** Index of the record that holds a chunk, if one does: the last that begins at or before it. */
  indexOf(chunk: number): number {
    let low = 0
    let high = this.#count
    while (low < high) {
      const middle = (low + high) >> 1
      if ((this.#table[middle * FIELDS + FIRST] ?? 0) <= chunk) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  /** The record was copied to another place. */
  move(index: number, segment: number, offset: number): void {
    this.#table[index * FIELDS] = segment
    this.#table[index * FIELDS + 1] = offset
  }

  /** Bytes of records in each segment. */
  sizes(): Map<number, number> {
    const sizes = new Map<number, number>()
    const table = this.#table
    let segment = 0
    let sum = 0
    for (let at = 0; at < this.#count * FIELDS; at += FIELDS) {
      if (table[at] !== segment) {
        if (sum > 0) sizes.set(segment, (sizes.get(segment) ?? 0) + sum)
        segment = table[at] ?? 0
        sum = 0
      }
      sum += table[at + 2] ?? 0
    }
    if (sum > 0) sizes.set(segment, (sizes.get(segment) ?? 0) + sum)
    return sizes
  }

  /**
   * The unbroken row from chunk 0 to before `until`, with the number of its chunks and of their bytes. Records are found in the order of
   * the segments, which copying changes; what was copied, or written again, just before a crash is there twice, perhaps in other pieces.
   */
  row(until = Number.POSITIVE_INFINITY): {
    readonly extents: Extents
    readonly chunks: number
    readonly bytes: number
    /** There is more behind a gap. */
    readonly hole: boolean
  } {
    const whole = this.#unbroken()
    if (whole !== undefined && whole <= until)
      return { extents: this, chunks: whole, bytes: this.#payload(), hole: false }
    const row = new Extents()
    let chunks = 0
    let hole = false
    for (const { segment, offset, length, first, chunks: count } of this.#inOrder()) {
      if (first + count <= chunks || first + count > until) continue
      if (first < chunks) {
        // It reaches further than what begins at the same place, or behind it; if it begins amid a record it is none of this row's pieces.
        const index = row.indexOf(first)
        if (row.at(index)?.first !== first) continue
        row.#count = index
      }
      hole = first > chunks
      if (hole) break
      row.put(segment, offset, length, first, count)
      chunks = first + count
    }
    return { extents: row, chunks, bytes: row.#payload(), hole }
  }

  *[Symbol.iterator](): Generator<Extent> {
    for (let i = 0; i < this.#count; i++) {
      const extent = this.at(i)
      if (extent) yield extent
    }
  }

  /** The number of chunks, if the records are a row as they are: which is the rule, and there can be very many. */
  #unbroken(): number | undefined {
    const table = this.#table
    let chunks = 0
    for (let at = FIRST; at < this.#count * FIELDS; at += FIELDS) {
      if (table[at] !== chunks) return undefined
      chunks += table[at + 1] ?? 0
    }
    return chunks
  }

  #payload(): number {
    let bytes = 0
    for (let at = 0; at < this.#count * FIELDS; at += FIELDS)
      bytes += payloadBytes(this.#table[at + 2] ?? 0, this.#table[at + 4] ?? 0)
    return bytes
  }

  #inOrder(): Iterable<Extent> {
    for (let at = FIELDS + FIRST; at < this.#count * FIELDS; at += FIELDS)
      if ((this.#table[at - FIELDS] ?? 0) > (this.#table[at] ?? 0))
        return [...this].sort((a, b) => a.first - b.first)
    return this
  }
}
