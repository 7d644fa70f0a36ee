import type { Batch, Page } from './store.ts'
import { viewOf } from './words.ts'

/**
 * Slabs grow with their log, so that a short answer costs little and a long one few allocations: each is half of what there is. Logs
 * that grow side by side would else take so much in one moment that the collector thinks it has to look through all of the heap.
 */
const LEAST_SLAB_BYTES = 4 << 10
const MOST_SLAB_BYTES = 1 << 20
/** V8 keeps a table of so many in its heap; each larger one is an allocation of its own. */
const LEAST_ENDS = 16

/** Chunks side by side in memory. */
export interface Slab {
  readonly bytes: Buffer
  readonly view: DataView
  /** Number of the first chunk in it. */
  readonly first: number
  /** How many chunks there are, and where each ends in `bytes`. */
  readonly count: number
  readonly ends: Uint32Array
}
type Open = { -readonly [K in keyof Slab]: Slab[K] } & { used: number }

/** One log's chunks: slabs of bytes beside a table of chunk ends. A chunk never straddles two slabs, so any page is a few views. */
export class Log {
  readonly #slabs: Open[] = []
  #last: Open | undefined = undefined
  #chunks = 0
  #bytes = 0

  get chunks(): number {
    return this.#chunks
  }
  get bytes(): number {
    return this.#bytes
  }

  /** Copies chunks `[0, count)` of the batch behind the last one; gives the number of their bytes. */
  append(batch: Batch, count: number): number {
    let chunk = 0
    let start = 0
    while (chunk < count) {
      const slab = this.#roomFor((batch.ends[chunk] ?? 0) - start)
      const room = slab.bytes.length - slab.used
      const first = chunk
      const base = slab.used - start
      while (chunk < count && (batch.ends[chunk] ?? 0) - start <= room) chunk++
      const end = batch.ends[chunk - 1] ?? 0
      slab.bytes.set(batch.bytes.subarray(start, end), slab.used)
      slab.used += end - start
      if (slab.count + chunk - first > slab.ends.length)
        slab.ends = grown(slab.ends, slab.count + chunk - first)
      for (let i = first; i < chunk; i++) slab.ends[slab.count++] = base + (batch.ends[i] ?? 0)
      this.#bytes += end - start
      this.#chunks += chunk - first
      start = end
    }
    return start
  }

  /** At most `maxBytes` of whole chunks from number `from` to before `until`, but at least one when there is one. */
  page(from: number, maxBytes: number, until = this.#chunks): Page {
    const bytes: Uint8Array[] = []
    let next = from
    let left = maxBytes
    if (from >= until) return { bytes, next }
    for (let s = this.#indexOf(from); s < this.#slabs.length; s++) {
      const slab = this.#slabs[s]
      if (!slab) break
      const skip = next - slab.first
      const start = skip > 0 ? (slab.ends[skip - 1] ?? 0) : 0
      const last = Math.min(slab.count, until - slab.first)
      let to = last
      if ((slab.ends[to - 1] ?? 0) - start > left) {
        to = upperBound(slab.ends, skip, last, start + left)
        if (to === skip) {
          if (bytes.length > 0) break
          to++
        }
      }
      const end = slab.ends[to - 1] ?? start
      if (end > start) bytes.push(slab.bytes.subarray(start, end))
      next = slab.first + to
      left -= end - start
      if (to < slab.count || next >= until || left <= 0) break
    }
    return { bytes, next }
  }

  /** The slab that holds chunk `number`, as it is until the next append. */
  slabOf(number: number): Slab | undefined {
    if (number >= this.#chunks) return undefined
    const last = this.#last
    return last && last.first <= number ? last : this.#slabs[this.#indexOf(number)]
  }

  /** Nothing more will come: gives back the room of the last slab. */
  seal(): void {
    const slab = this.#last
    if (!slab) return
    slab.ends = slab.ends.slice(0, slab.count)
    if (slab.used === slab.bytes.length) return
    const exact = Buffer.allocUnsafeSlow(slab.used)
    slab.bytes.copy(exact, 0, 0, slab.used)
    slab.bytes = exact
    slab.view = viewOf(exact)
  }

  #roomFor(bytes: number): Open {
    const last = this.#last
    if (last && last.bytes.length - last.used >= bytes) return last
    const half = Math.floor(this.#bytes / 2 / LEAST_SLAB_BYTES) * LEAST_SLAB_BYTES
    const size = Math.min(Math.max(half, LEAST_SLAB_BYTES), MOST_SLAB_BYTES)
    const room = Buffer.allocUnsafeSlow(Math.max(bytes, size))
    // Chunks of a log are much alike: a table for as many as there will be need not grow, which is new memory each time.
    const mean = this.#bytes / this.#chunks
    const expected = mean > 1 && bytes <= size ? Math.ceil(size / mean) : 0
    const slab = {
      bytes: room,
      view: viewOf(room),
      used: 0,
      first: this.#chunks,
      ends: new Uint32Array(Math.max(LEAST_ENDS, expected)),
      count: 0,
    }
    this.#slabs.push(slab)
    this.#last = slab
    return slab
  }

  /** Index of the slab that holds chunk `number`; past the last one when there is none yet. */
  #indexOf(number: number): number {
    if (number >= this.#chunks) return this.#slabs.length
    let low = 0
    let high = this.#slabs.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#slabs[middle]?.first ?? 0) <= number) low = middle
      else high = middle - 1
    }
    return low
  }
}

/** Where a chunk of the slab begins. */
export function startIn({ ends, first }: Slab, number: number): number {
  return number > first ? (ends[number - first - 1] ?? 0) : 0
}

function grown(table: Uint32Array, needed: number): Uint32Array {
  const larger = new Uint32Array(Math.max(needed, 2 * table.length))
  larger.set(table)
  return larger
}

/** The first index in `[low, high)` whose value is more than `limit`. */
function upperBound(sorted: Uint32Array, low: number, high: number, limit: number): number {
  while (low < high) {
    const middle = (low + high) >> 1
    if ((sorted[middle] ?? 0) <= limit) low = middle + 1
    else high = middle
  }
  return low
}
