import { payloadBytes } from './record.ts'
import type { Spot } from './spot.ts'
import { takeWords } from './words.ts'

/** Where one record of chunks lies: in which segment, from which byte, how long; its first chunk's number, and how many it has. */
export interface Extent {
  readonly segment: number
  readonly offset: number
  readonly length: number
  readonly first: number
  readonly chunks: number
}

const FIELDS = 5
const LENGTH = 2
const FIRST = 3
const CHUNKS = 4

/** Records in the first page of a table, and in each other one. */
const FIRST_RECORDS = 16
const PAGE_RECORDS = 128
const NO_PAGE = new Uint32Array(0)

/**
 * Where the chunks of one log lie in the journal, in the order of the chunks; 20 bytes a record, since there can be very many. They are in
 * pages, the first of 320 bytes and all others of 2,560: one table would be copied whenever it grew, into memory that is new each time.
 */
export class Extents {
  readonly #pages: Uint32Array[] = []
  /** The last page, and where in it the next record goes. */
  #page: Uint32Array = NO_PAGE
  #next = 0
  #count = 0

  add({ segment, offset, length, first, chunks }: Extent): void {
    this.put(segment, offset, length, first, chunks)
  }

  put(segment: number, offset: number, length: number, first: number, chunks: number): void {
    if (this.#next === this.#page.length) this.#turn()
    const page = this.#page
    const at = this.#next
    this.#next += FIELDS
    this.#count++
    page[at] = segment
    page[at + 1] = offset
    page[at + LENGTH] = length
    page[at + FIRST] = first
    page[at + CHUNKS] = chunks
  }

  /** Takes back the last one. */
  drop(): void {
    this.#count--
    this.#next -= FIELDS
    if (this.#next > 0) return
    this.#pages.pop()
    this.#page = this.#pages.at(-1) ?? NO_PAGE
    this.#next = this.#page.length
  }

  at(index: number): Extent | undefined {
    if (index < 0 || index >= this.#count) return undefined
    const at = placeOf(index)
    const row = this.#pages[pageOf(index)]?.subarray(at, at + FIELDS) ?? []
    const [segment = 0, offset = 0, length = 0, first = 0, chunks = 0] = row
    return { segment, offset, length, first, chunks }
  }

  /** Index of the record that holds a chunk, if one does: the last that begins at or before it. */
  indexOf(chunk: number): number {
    let low = 0
    let high = this.#count
    while (low < high) {
      const middle = (low + high) >> 1
      const first = this.#pages[pageOf(middle)]?.[placeOf(middle) + FIRST] ?? 0
      if (first <= chunk) low = middle + 1
      else high = middle
    }
    return low - 1
  }

  /** The record was copied to another place. */
  move(index: number, segment: number, offset: number): void {
    this.#pages[pageOf(index)]?.set([segment, offset], placeOf(index))
  }

  /** Bytes of records in each segment. */
  sizes(): Map<number, number> {
    const sizes = new Map<number, number>()
    let segment = 0
    let sum = 0
    const note = () => {
      if (sum > 0) sizes.set(segment, (sizes.get(segment) ?? 0) + sum)
    }
    this.#each((page, at) => {
      if (page[at] !== segment) {
        note()
        segment = page[at] ?? 0
        sum = 0
      }
      sum += page[at + LENGTH] ?? 0
    })
    note()
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
    if (whole !== undefined && whole <= until)
      return { extents: this, chunks: whole, bytes: this.#payload(), hole: false, rest: [] }
    const all = [...this]
    // For each number that whole records lead up to from 0, the last of them. All that lead to a number begin before it.
    const lastTo = new Map<number, Extent>()
    let chunks = 0
    let most = 0
    for (const extent of all.toSorted((a, b) => a.first - b.first)) {
      const next = extent.first + extent.chunks
      most = Math.max(most, next)
      if (next > until || lastTo.has(next) || !(extent.first === 0 || lastTo.has(extent.first))) continue
      lastTo.set(next, extent)
      chunks = Math.max(chunks, next)
    }
    const row: Extent[] = []
    for (let it = lastTo.get(chunks); it; it = lastTo.get(it.first)) row.push(it)
    const extents = new Extents()
    for (const extent of row.reverse()) extents.add(extent)
    const used = new Set(row)
    const rest = all.filter((extent) => !used.has(extent))
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
    let chunks = 0
    let isRow = true
    this.#each((page, at) => {
      isRow &&= page[at + FIRST] === chunks
      chunks += page[at + CHUNKS] ?? 0
    })
    return isRow ? chunks : undefined
  }

  #payload(): number {
    let bytes = 0
    this.#each((page, at) => {
      bytes += payloadBytes(page[at + LENGTH] ?? 0, page[at + CHUNKS] ?? 0)
    })
    return bytes
  }

  /** Where each record is, without an object for it. */
  #each(act: (page: Uint32Array, at: number) => void): void {
    let left = this.#count
    for (const page of this.#pages)
      for (let at = 0; at < page.length && left > 0; at += FIELDS, left--) act(page, at)
  }

  #turn(): void {
    this.#page = takeWords(FIELDS * (this.#pages.length === 0 ? FIRST_RECORDS : PAGE_RECORDS))
    this.#pages.push(this.#page)
    this.#next = 0
  }
}

function pageOf(index: number): number {
  return index < FIRST_RECORDS ? 0 : 1 + Math.floor((index - FIRST_RECORDS) / PAGE_RECORDS)
}

/** Where the record begins in its page. */
function placeOf(index: number): number {
  return FIELDS * (index < FIRST_RECORDS ? index : (index - FIRST_RECORDS) % PAGE_RECORDS)
}
