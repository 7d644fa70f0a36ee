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
  #table = new Uint32Array(4 * FIELDS)
  #count = 0

  add({ segment, offset, length, first, chunks }: Extent): void {
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
    const [segment = 0, offset = 0, length = 0, first = 0, chunks = 0] = this.#table.subarray(index * FIELDS)
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

  /**
   * The unbroken row from chunk 0 on, with the number of its chunks and of their bytes. Records are found in the order of the segments,
   * which copying changes; one that was copied just before a crash is there twice, and the second is not needed.
   */
  row(): {
    readonly extents: Extents
    readonly chunks: number
    readonly bytes: number
    readonly hole: boolean
  } {
    const extents = new Extents()
    let chunks = 0
    let bytes = 0
    for (const extent of this.#inOrder()) {
      if (extent.first < chunks) continue
      if (extent.first > chunks) return { extents, chunks, bytes, hole: true }
      extents.add(extent)
      chunks += extent.chunks
      bytes += payloadBytes(extent.length, extent.chunks)
    }
    return { extents, chunks, bytes, hole: false }
  }

  *[Symbol.iterator](): Generator<Extent> {
    for (let i = 0; i < this.#count; i++) {
      const extent = this.at(i)
      if (extent) yield extent
    }
  }

  #inOrder(): Iterable<Extent> {
    for (let at = FIELDS + FIRST; at < this.#count * FIELDS; at += FIELDS)
      if ((this.#table[at - FIELDS] ?? 0) > (this.#table[at] ?? 0))
        return [...this].sort((a, b) => a.first - b.first)
    return this
  }
}
