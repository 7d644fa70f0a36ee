import { payloadBytes } from './record.ts'
import type { Spot } from './spot.ts'

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
const CHUNKS = 4

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
    table[at + CHUNKS] = chunks
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
    /** There is more, behind a gap. */
    readonly hole: boolean
    /** What is not in it. */
    readonly rest: readonly Spot[]
  } {
    const whole = this.#unbroken()
    if (whole !== undefined && whole <= until) {
      this.#table = this.#table.slice(0, Math.max(1, this.#count) * FIELDS)
      return { extents: this, chunks: whole, bytes: this.#payload(), hole: false, rest: [] }
    }
    const table = this.#table
    // For each number that whole records lead up to from 0, the last of them. All that lead to a number begin before it.
    const lastTo = new Map<number, number>()
    let chunks = 0
    let most = 0
    for (const at of this.#inOrder()) {
      const first = table[at + FIRST] ?? 0
      const next = first + (table[at + CHUNKS] ?? 0)
      most = Math.max(most, next)
      if (next > until || lastTo.has(next) || !(first === 0 || lastTo.has(first))) continue
      lastTo.set(next, at)
      chunks = Math.max(chunks, next)
    }
    const row: number[] = []
    for (let at = lastTo.get(chunks); at !== undefined; at = lastTo.get(table[at + FIRST] ?? 0)) row.push(at)
    const extents = new Extents()
    for (const at of row.reverse()) {
      const [segment = 0, offset = 0, length = 0, first = 0, count = 0] = table.subarray(at, at + FIELDS)
      extents.put(segment, offset, length, first, count)
    }
    const used = new Set(row)
    const rest = [...this].filter((_, index) => !used.has(index * FIELDS))
    return { extents, chunks, bytes: extents.#payload(), hole: most > chunks, rest }
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
      bytes += payloadBytes(this.#table[at + 2] ?? 0, this.#table[at + CHUNKS] ?? 0)
    return bytes
  }

  /** Where the records lie in the table, in the order of their chunks. */
  #inOrder(): number[] {
    const table = this.#table
    const order = Array.from({ length: this.#count }, (_, index) => index * FIELDS)
    return order.sort((a, b) => (table[a + FIRST] ?? 0) - (table[b + FIRST] ?? 0))
  }
}
