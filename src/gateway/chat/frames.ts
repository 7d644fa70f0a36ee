import type { End } from '../../protocol.ts'
import { digitsOf, putDigits } from '../digits.ts'
import { Cut } from './cut.ts'
import { type Room, roomFor } from './spare.ts'

const LF = 10
const CR = 13
const ID = Buffer.from('id: ')
/** An id line with the longest number there is. */
const ID_BYTES = 24
const NOTHING = Buffer.alloc(0)
const BOM = Buffer.from([0xef, 0xbb, 0xbf])
/** An event that outgrew this gives its room back when it is over. */
const KEEP_CARRY_BYTES = 1 << 20

/** How the line before ended. A blank line that follows a lone CR is over at its own CR; after CRLF its LF is waited for. */
type Ending = 'none' | 'lf' | 'cr' | 'crlf'

/**
 * Cuts the agent's bytes into whole SSE events and numbers them: each gets the line `id: <number>`, in the place of its own id line
 * if it has one. Nothing else changes, and the cuts do not depend on how the bytes were split on the way. No byte is looked at twice:
 * an unfinished event waits in `carry`, whose size is the caller's to bound.
 */
export class Splitter extends Cut {
  #next = 0
  #carry: Buffer = NOTHING
  #carried = 0
  /** Offsets from the begin of the unfinished event. */
  #lineStart = 0
  #contentStart = -1
  #idLines: number[] = []
  #lineEnding: Ending = 'none'
  /** The last byte was a CR: an LF that comes next belongs to it. */
  #afterCr = false
  #complete = false

  /** Bytes of the event that is not over yet. */
  get carried(): number {
    return this.#carried
  }

  push(chunk: Buffer): void {
    let base = 0
    let at = 0
    let cr = chunk.indexOf(CR)
    if (this.#afterCr && chunk.length > 0) {
      this.#afterCr = false
      if (chunk[0] === LF) {
        at = 1
        this.#lineEnding = 'crlf'
        this.#lineStart++
      }
      if (this.#complete) base = this.#emit(chunk, base, at)
    }
    while (at < chunk.length) {
      if (cr !== -1 && cr < at) cr = chunk.indexOf(CR, at)
      const lf = chunk.indexOf(LF, at)
      if (lf === -1 && cr === -1) break
      const isCr = cr !== -1 && (lf === -1 || cr < lf)
      const lineEnd = isCr ? cr : lf
      const blank = this.#endLine(chunk, base, lineEnd)
      at = lineEnd + 1
      const overNow = blank && this.#lineEnding === 'cr'
      if (!isCr) this.#lineEnding = 'lf'
      else if (overNow) this.#lineEnding = 'none'
      else if (at === chunk.length) {
        this.#lineEnding = 'cr'
        this.#afterCr = true
      } else if (chunk[at] === LF) {
        this.#lineEnding = 'crlf'
        at++
      } else this.#lineEnding = 'cr'
      this.#lineStart = this.#carried + at - base
      if (!blank) continue
      if (this.#afterCr) this.#complete = true
      else base = this.#emit(chunk, base, at)
    }
    if (base < chunk.length) this.#keep(chunk, base, chunk.length)
  }

  /** The agent's bytes are over. What is unfinished becomes the last chunk as it is; a rest of blank lines gets no id. */
  finish(): void {
    const end = this.#carried
    if (end === 0) return
    if (!this.#complete && this.#lineStart < end) this.#noteId(this.#carry, 0, end)
    if (this.#contentStart === -1) this.#store(this.#carry, 0, end)
    else this.#emit(this.#carry, 0, 0)
  }

  /** Notes a line's end. True: it was the blank line that ends an event. */
  #endLine(chunk: Buffer, base: number, lineEnd: number): boolean {
    const end = this.#carried + lineEnd - base
    if (end === this.#lineStart) return this.#contentStart !== -1
    this.#noteId(chunk, base, end)
    return false
  }

  #noteId(chunk: Buffer, base: number, end: number): void {
    const first = this.#contentStart === -1
    const byte = (offset: number) =>
      offset < this.#carried ? this.#carry[offset] : chunk[base + offset - this.#carried]
    let start = this.#lineStart
    const bom = start === 0 && this.#next === 0 && end >= BOM.length && BOM.every((it, i) => byte(i) === it)
    if (bom) start = BOM.length
    // A BOM alone is a blank line.
    if (bom && start === end) return
    if (first) this.#contentStart = start
    if (end - start < 2 || byte(start) !== 0x69 || byte(start + 1) !== 0x64) return
    if (end - start === 2 || byte(start + 2) === 0x3a) this.#idLines.push(start, end)
  }

  #keep(chunk: Buffer, from: number, to: number): void {
    const needed = this.#carried + to - from
    if (needed > this.#carry.length) {
      const grown = Buffer.allocUnsafe(Math.max(needed, 2 * this.#carry.length))
      this.#carry.copy(grown, 0, 0, this.#carried)
      this.#carry = grown
    }
    chunk.copy(this.#carry, this.#carried, from, to)
    this.#carried = needed
  }

  /** Stores the event that ends before `chunk[end]`, and says where the next one begins. */
  #emit(chunk: Buffer, base: number, end: number): number {
    if (this.#carried > 0) {
      this.#keep(chunk, base, end)
      this.#store(this.#carry, 0, this.#carried)
      this.#carried = 0
      if (this.#carry.length > KEEP_CARRY_BYTES) this.#carry = NOTHING
    } else this.#store(chunk, base, end)
    this.#lineStart = 0
    this.#contentStart = -1
    this.#complete = false
    return end
  }

  #store(from: Buffer, start: number, end: number): void {
    const id = this.#next++
    const ids = this.#idLines
    const out = roomFor(this.out, end - start + (ids.length + 1) * ID_BYTES)
    this.out = out
    let at = start
    if (ids.length > 0) {
      for (let i = 0; i < ids.length; i += 2) {
        out.lay(from, at, start + (ids[i] ?? 0))
        writeId(id, out)
        at = start + (ids[i + 1] ?? 0)
      }
      this.#idLines = []
    } else if (this.#contentStart !== -1) {
      at = start + this.#contentStart
      out.lay(from, start, at)
      writeId(id, out)
      out.bytes[out.used++] = LF
    }
    out.lay(from, at, end)
    out.cut()
  }
}

function writeId(id: number, out: Room): void {
  for (const byte of ID) out.bytes[out.used++] = byte
  out.used += digitsOf(id)
  putDigits(out.bytes, out.used, id)
}

export const PING = Buffer.from(': ping\n\n')
const CANCELLED = Buffer.from(': cancelled\n\n')

/** What a reader is told at the end of a log; nothing after `done`. JSON keeps the model's words from forging an event. */
export function ending(end: End): Buffer | undefined {
  if (end.reason === 'done') return undefined
  if (end.reason === 'cancelled') return CANCELLED
  const data = JSON.stringify({ error: { message: end.message, type: end.type } })
  return Buffer.from(`event: error\ndata: ${data}\n\n`)
}

/** Whether an event may begin right behind these bytes. Whatever is not SSE may stop anywhere. */
export function endsBlank(bytes: Uint8Array): boolean {
  const last = bytes.at(-1)
  const before = bytes.at(-2)
  if (last === CR) return before === CR || before === LF
  return last === LF && (before === LF || (before === CR && (bytes.at(-3) === LF || bytes.at(-3) === CR)))
}
