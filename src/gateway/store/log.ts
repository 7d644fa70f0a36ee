import { blank, bytesIn, endAt, type Slab, sealed, setEndAt, sizeOf } from './slab.ts'
import type { Batch, Page } from './store.ts'

/**
 * Slabs grow with their log, so that a short answer costs little and a long one few allocations: each is half of what there is. Logs
 * that grow side by side would else take so much in one moment that the collector thinks it has to look through all of the heap.
 */
const LEAST_SLAB_BYTES = 4 << 10
const MOST_SLAB_BYTES = 1 << 20
const NO_VIEW = blank(0)

/** One log's chunks: its last slab, whose `view`, `first` and `count` these are, and those before it. A chunk never straddles two slabs, so any page is a few views. */
export class Log implements Slab {
  view = NO_VIEW
  first = 0
  count = 0
  #used = 0
  #olderBytes = 0
  readonly #older: Slab[] = []

  get chunks(): number {
    return this.first + this.count
  }
  get bytes(): number {
    return this.#olderBytes + this.#used
  }

  /** Copies chunks `[0, count)` of the batch behind the last one; gives the number of their bytes. */
  append({ bytes, ends }: Batch, count: number): number {
    let chunk = 0
    let start = 0
    while (chunk < count) {
      this.#makeRoom((ends[chunk] ?? 0) - start)
      const { view } = this
      const shift = this.#used - start
      let end = start
      let held = this.count
      while (chunk < count) {
        const next = ends[chunk] ?? end
        if (sizeOf(next + shift, held + 1) > view.byteLength) break
        setEndAt(view, held++, next + shift)
        end = next
        chunk++
      }
      bytesIn(view, this.#used, end + shift).set(bytes.subarray(start, end))
      this.#used = end + shift
      this.count = held
      start = end
    }
    return start
  }

  /** At most `maxBytes` of whole chunks from number `from` to before `until`, but at least one when there is one. */
  page(from: number, maxBytes: number, until = this.chunks): Page {
    const bytes: Uint8Array[] = []
    const bound = Math.min(until, this.chunks)
    let next = from
    let left = maxBytes
    while (next < bound) {
      const slab = this.#holding(next)
      const skip = next - slab.first
      const start = endAt(slab, skip - 1)
      const last = Math.min(slab.count, bound - slab.first)
      let to = last
      if (endAt(slab, to - 1) - start > left) {
        to = upperBound(slab, skip, last, start + left)
        if (to === skip) {
          if (bytes.length > 0) break
          to++
        }
      }
      const end = endAt(slab, to - 1)
      if (end > start) bytes.push(bytesIn(slab.view, start, end))
      next = slab.first + to
      left -= end - start
      if (to < last || left <= 0) break
    }
    return { bytes, next }
  }

  /** The slab that holds chunk `number`, as it is until the next append, or the seal. */
  slabOf(number: number): Slab | undefined {
    return number < this.chunks ? this.#holding(number) : undefined
  }

  /** Nothing more will come: gives back the room of the last slab. */
  seal(): void {
    this.view = sealed(this)
  }

  #makeRoom(bytes: number): void {
    if (sizeOf(this.#used + bytes, this.count + 1) <= this.view.byteLength) return
    const half = Math.floor(this.bytes / 2 / LEAST_SLAB_BYTES) * LEAST_SLAB_BYTES
    const size = Math.min(Math.max(half, LEAST_SLAB_BYTES), MOST_SLAB_BYTES)
    // First: where there is no memory for it, the slabs are as they were.
    const view = blank(Math.max(sizeOf(bytes, 1), size))
    if (this.count > 0) this.#older.push({ view: this.view, first: this.first, count: this.count })
    this.#olderBytes += this.#used
    this.first += this.count
    this.count = 0
    this.#used = 0
    this.view = view
  }

  #holding(number: number): Slab {
    if (number >= this.first) return this
    let low = 0
    let high = this.#older.length - 1
    while (low < high) {
      const middle = (low + high + 1) >> 1
      if ((this.#older[middle]?.first ?? 0) <= number) low = middle
      else high = middle - 1
    }
    return this.#older[low] ?? this
  }
}

/** The first index in `[low, high)` whose chunk ends behind `limit`. */
function upperBound(slab: Slab, low: number, high: number, limit: number): number {
  while (low < high) {
    const middle = (low + high) >> 1
    if (endAt(slab, middle) <= limit) low = middle + 1
    else high = middle
  }
  return low
}
