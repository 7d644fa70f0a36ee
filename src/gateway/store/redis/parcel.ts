import { digitsOf, putDigits } from '../../digits.ts'
import type { Log } from '../log.ts'
import { Sheet } from '../sheet.ts'
import { bytesIn, endAt } from '../slab.ts'
import { copyWords } from '../words.ts'

/** What one entry holds at most, unless one chunk is larger: a page is made of whole entries. */
const ENTRY_BYTES = 64 << 10
const ENTRY_CHUNKS = 512
/** Up to here bytes are copied word by word, up to there at once; what is longer is taken where it lies. */
const WORDS_BYTES = 400
const SMALL_BYTES = 4 << 10
const SPACE = 0x20
const DASH = 0x2d
const LF = 0x0a

/**
 * Chunks on their way to Redis, as the script that appends is told of them: a row for each entry in one argument, and in another their
 * bytes and chunk ends. Written in place: a view of each and the strings of its row were a tenth of all that an event leaves behind.
 */
export class Parcel {
  readonly #table = new Sheet()
  readonly #body = new Sheet()
  /** How much the log of the last entry has with it. */
  chunks = 0
  bytes = 0

  get size(): number {
    return this.#body.bytes
  }

  /** Begins anew: what was not taken, because memory was out while it was packed, must not go with the next one. */
  begin(): void {
    this.#table.take()
    this.#body.take()
  }

  /** Adds the chunks from number `from` on that make the next entry of a log, which has so many bytes without them. False: there are none. */
  add(id: string, log: Log, from: number, bytes: number): boolean {
    const slab = log.slabOf(from)
    if (!slab) return false
    const index = from - slab.first
    const start = endAt(slab, index - 1)
    const endOf = (chunk: number) => endAt(slab, index + chunk)
    const most = Math.min(slab.count - index, ENTRY_CHUNKS)
    let count = 1
    while (count < most && endOf(count) - start <= ENTRY_BYTES) count++
    const size = endOf(count - 1) - start
    this.chunks = from + count
    this.bytes = bytes + size
    // One chunk alone needs no ends.
    const endsSize = count > 1 ? 4 * count : 0
    this.#row(id, size, endsSize)
    this.#copy(slab.view, start, start + size)
    const at = this.#body.make(endsSize)
    for (let i = 0; 4 * i < endsSize; i++) this.#body.view.setUint32(at + 4 * i, endOf(i) - start, true)
    return true
  }

  take(): { readonly table: Buffer; readonly body: Buffer } {
    return { table: Buffer.concat(this.#table.take()), body: Buffer.concat(this.#body.take()) }
  }

  /** `id chunks-bytes size endsSize`, see `entryId`. */
  #row(id: string, size: number, endsSize: number): void {
    const at = this.#table.make(id.length + 1)
    const { room } = this.#table
    for (let i = 0; i < id.length; i++) room[at + i] = id.charCodeAt(i)
    room[at + id.length] = SPACE
    this.#number(this.chunks, DASH)
    this.#number(this.bytes, SPACE)
    this.#number(size, SPACE)
    this.#number(endsSize, LF)
  }

  /** In digits, and what is behind it. */
  #number(value: number, behind: number): void {
    const digits = digitsOf(value)
    const end = this.#table.make(digits + 1) + digits
    putDigits(this.#table.room, end, value)
    this.#table.room[end] = behind
  }

  #copy(from: DataView, start: number, end: number): void {
    if (end - start > SMALL_BYTES) return this.#body.lay(bytesIn(from, start, end))
    const at = this.#body.make(end - start)
    if (end - start > WORDS_BYTES) this.#body.room.set(bytesIn(from, start, end), at)
    else copyWords(from, start, end, this.#body.view, at)
  }
}
