import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { codeOf, FILES, type Files, readDamaged } from './files.ts'
import { erased } from './record.ts'
import { segmentName } from './segmentname.ts'
import type { Place, Spot } from './spot.ts'
import { Tail } from './tail.ts'

/** A segment is closed when it has this much; one write is never split between two. */
export const SEGMENT_BYTES = 16 << 20

interface Segment {
  readonly path: string
  /** Begins each of its records. */
  readonly mark: number
  size: number
  /** Bytes of records that something still needs. */
  live: number
}

export interface SegmentsOptions {
  readonly segmentBytes?: number | undefined
  readonly files?: Files | undefined
  /** False: nothing is ever synced. */
  readonly syncs?: boolean
}

/** The journal's files: written at the end of the newest one, read anywhere, deleted when nothing in them is needed any more. */
export class Segments {
  readonly dir: string
  /** From this size on a segment is full. */
  readonly segmentBytes: number
  readonly #files: Files
  readonly #syncs: boolean
  readonly #segments = new Map<number, Segment>()
  #newest = 0
  #tail: Tail | undefined
  /** The files before the tail, until they are synced and closed. */
  #closing: Promise<void> = Promise.resolve()
  #directoryUnsynced = false

  constructor(
    dir: string,
    { segmentBytes = SEGMENT_BYTES, files = FILES, syncs = true }: SegmentsOptions = {},
  ) {
    this.dir = dir
    this.segmentBytes = segmentBytes
    this.#files = files
    this.#syncs = syncs
  }

  get bytes(): number {
    return this.#sum('size')
  }
  get live(): number {
    return this.#sum('live')
  }

  /** Takes in a segment that was found at the start, and gives its number. */
  found(name: string, mark: number, number: number): number {
    this.#newest = Math.max(this.#newest + 1, number)
    this.#segments.set(this.#newest, { path: join(this.dir, name), mark, size: 0, live: 0 })
    return this.#newest
  }

  /** Everything in a segment, and the mark of its records; in `into` if there is room. @throws the system's error */
  async whole(number: number, into?: Buffer): Promise<{ readonly bytes: Buffer; readonly mark: number }> {
    const { path, mark } = this.#known(number)
    return { bytes: await readDamaged(this.#files, path, into), mark }
  }

  /** How much of a segment was found to be whole; what is behind it is cut off. @throws the system's error */
  accept(number: number, size: number, cut: boolean): void {
    const segment = this.#known(number)
    segment.size = size
    if (cut) this.#files.truncateSync(segment.path, size)
  }

  /** Sees to a segment that the next write goes to: where it will be, and the mark for its records. @throws the system's error */
  begin(): Place & { readonly mark: number } {
    this.rollFull()
    if (!this.#tail) this.#create()
    const { mark, size } = this.#known(this.#newest)
    return { segment: this.#newest, offset: size, mark }
  }

  #create(): void {
    this.#files.mkdirSync(this.dir, { recursive: true, mode: 0o700 })
    const mark = randomBytes(4).readUInt32LE()
    const number = this.#newest + 1
    const path = join(this.dir, segmentName(number, mark))
    this.#tail = new Tail(this.#files, this.#files.openSync(path, 'ax', 0o600), this.#syncs)
    this.#newest = number
    this.#segments.set(number, { path, mark, size: 0, live: 0 })
    this.#directoryUnsynced = this.#syncs
  }

  /**
   * Appends buffers to the segment that was begun, all or nothing, as a rule with one system call. The page cache takes them: they
   * survive the process at once, and the machine after the next `sync`.
   * @throws the system's error; nothing has been appended then
   */
  write(buffers: readonly Uint8Array[]): void {
    const segment = this.#known(this.#newest)
    try {
      const length = this.#tail?.write(buffers) ?? 0
      segment.size += length
      segment.live += length
    } catch (error) {
      // What may have been written of it is behind the end that is known: nothing may come behind that.
      if (!this.#tail?.cut(segment.size)) this.roll()
      throw error
    }
  }

  /** So many bytes more of a segment are needed, or fewer; one that nothing needs goes with the next `deleteEmpty`. */
  need(number: number, bytes: number): void {
    const segment = this.#segments.get(number)
    if (segment) segment.live += bytes
  }

  /** @throws the system's error, when it has tried them all */
  deleteEmpty(): void {
    let failed: unknown
    for (const [number, segment] of this.#segments)
      if (segment.live <= 0 && !this.#writes(number))
        try {
          this.#files.unlinkSync(segment.path)
          this.#segments.delete(number)
        } catch (error) {
          if (codeOf(error) === 'ENOENT') this.#segments.delete(number)
          else failed ??= error
        }
    if (failed !== undefined) throw failed
  }

  /** The closed segment with the most bytes that nothing needs, other than these. */
  worst(others: ReadonlySet<number>): number | undefined {
    let worst: number | undefined
    let most = 0
    for (const [number, { size, live }] of this.#segments) {
      if (others.has(number) || this.#writes(number) || size - live <= most) continue
      most = size - live
      worst = number
    }
    return worst
  }

  /** Bytes of a segment, and the mark of its records. Undefined: it is not there any more. @throws the system's error */
  async read(
    { segment, offset }: Place,
    length: number,
  ): Promise<{ readonly bytes: Buffer; readonly mark: number } | undefined> {
    const known = this.#segments.get(segment)
    if (!known) return undefined
    try {
      return { bytes: await this.#files.read(known.path, offset, length), mark: known.mark }
    } catch (error) {
      if (codeOf(error) === 'ENOENT') return undefined
      throw error
    }
  }

  /** Writes over what nothing needs any more, unless its segment is about to be deleted. @throws the system's error */
  erase({ segment, offset, length }: Spot, type: 'task' | 'chunks', task: number): void {
    const known = this.#segments.get(segment)
    if (!known || (known.live <= 0 && !this.#writes(segment))) return
    try {
      this.#files.overwriteSync(known.path, offset, erased(known.mark, type, task, length))
    } catch (error) {
      if (codeOf(error) !== 'ENOENT') throw error
    }
  }

  /** What was written so far survives the machine when this resolves. @throws the system's error */
  async sync(): Promise<void> {
    const directory = this.#directoryUnsynced
    this.#directoryUnsynced = false
    await Promise.all([
      this.#closing,
      this.#tail?.sync(),
      directory ? this.#files.syncDirectory(this.dir) : undefined,
    ])
  }

  /** Whether the file being written is still the one of that name. */
  isThere(): boolean {
    const segment = this.#segments.get(this.#newest)
    if (!this.#tail || !segment) return true
    try {
      return this.#files.statSync(segment.path).ino === this.#tail.inode()
    } catch {
      return false
    }
  }

  /** Forgets the segments whose files are gone. */
  dropMissing(): void {
    for (const [number, { path }] of this.#segments)
      try {
        this.#files.statSync(path)
      } catch (error) {
        if (codeOf(error) === 'ENOENT') this.#segments.delete(number)
      }
  }
  has(number: number): boolean {
    return this.#segments.has(number)
  }

  /** The next write begins a new segment, if this one is full; or anyway. */
  rollFull(): void {
    if (this.#tail && this.#known(this.#newest).size >= this.segmentBytes) this.roll()
  }
  roll(): void {
    const tail = this.#tail
    if (!tail) return
    this.#tail = undefined
    this.#closing = Promise.all([this.#closing, tail.close()]).then(() => {})
    this.#closing.catch(() => {})
  }
  /** Likewise, and nobody asks any more whether the earlier ones are synced. */
  abandon(): void {
    this.roll()
    this.#closing = Promise.resolve()
  }

  /** @throws the system's error */
  async close(): Promise<void> {
    this.roll()
    await this.sync()
  }

  #writes(number: number): boolean {
    return this.#tail !== undefined && number === this.#newest
  }

  #sum(field: 'size' | 'live'): number {
    let sum = 0
    for (const segment of this.#segments.values()) sum += segment[field]
    return sum
  }

  #known(number: number): Segment {
    const segment = this.#segments.get(number)
    if (!segment) throw new Error(`segment ${number} of the journal is unknown`)
    return segment
  }
}
