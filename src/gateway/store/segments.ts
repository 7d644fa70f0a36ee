import {
  closeSync,
  fdatasync,
  fstatSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  statSync,
  unlinkSync,
  writevSync,
} from 'node:fs'
import { open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** A segment is closed when it has this much; one write is never split between two. */
export const SEGMENT_BYTES = 16 << 20

const sync = promisify(fdatasync)

interface Segment {
  size: number
  /** Bytes of records that something still needs. */
  live: number
}

/** Where a write begins. */
export interface Place {
  readonly segment: number
  readonly offset: number
}

/** The journal's files: written at the end of the newest one, read anywhere, deleted when nothing in them is needed any more. */
export class Segments {
  readonly #dir: string
  readonly #segments = new Map<number, Segment>()
  #newest = 0
  #fd: number | undefined
  #unsynced = false

  constructor(dir: string) {
    this.#dir = dir
  }

  get bytes(): number {
    let sum = 0
    for (const { size } of this.#segments.values()) sum += size
    return sum
  }

  /** A segment that was found at the start. */
  found(number: number, size: number): void {
    this.#segments.set(number, { size, live: 0 })
    this.#newest = Math.max(this.#newest, number)
  }

  path(number: number): string {
    return join(this.#dir, `${String(number).padStart(8, '0')}.journal`)
  }

  /**
   * Appends buffers, all or nothing, with one system call. The page cache takes them: they survive the process at once, and the machine
   * after the next `sync`.
   * @throws the system's error; nothing has been appended then
   */
  write(buffers: readonly Uint8Array[]): Place {
    let length = 0
    for (const buffer of buffers) length += buffer.length
    const segment = this.#open()
    const place = { segment: this.#newest, offset: segment.size }
    const written = writevSync(this.#fd as number, buffers as Uint8Array[])
    if (written !== length) {
      this.#cut(segment.size)
      throw Object.assign(new Error('the disk is full'), { code: 'ENOSPC' })
    }
    segment.size += length
    segment.live += length
    this.#unsynced = true
    return place
  }

  /** Records in a segment are not needed any more; one that nothing needs is deleted unless it is being written. */
  release(number: number, bytes: number): void {
    const segment = this.#segments.get(number)
    if (segment) segment.live -= bytes
  }
  keep(number: number, bytes: number): void {
    const segment = this.#segments.get(number)
    if (segment) segment.live += bytes
  }

  deleteEmpty(): void {
    for (const [number, { live }] of this.#segments)
      if (live <= 0 && !this.#writes(number)) this.delete(number)
  }

  delete(number: number): void {
    this.#segments.delete(number)
    try {
      unlinkSync(this.path(number))
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    }
  }

  /** The closed segment with the most bytes that nothing needs. */
  worst(): number | undefined {
    let worst: number | undefined
    let most = 0
    for (const [number, { size, live }] of this.#segments) {
      if (this.#writes(number) || size - live <= most) continue
      most = size - live
      worst = number
    }
    return worst
  }

  /** @throws the system's error */
  async read(number: number, offset: number, length: number): Promise<Buffer> {
    const file = await open(this.path(number))
    try {
      const buffer = Buffer.allocUnsafe(length)
      const { bytesRead } = await file.read(buffer, 0, length, offset)
      return buffer.subarray(0, bytesRead)
    } finally {
      await file.close()
    }
  }

  /** @throws the system's error */
  readAll(number: number): Promise<Buffer> {
    return readFile(this.path(number))
  }

  /** Whether all these places are in segments that are known. */
  has(places: readonly Place[]): boolean {
    return places.every(({ segment }) => this.#segments.has(segment))
  }

  /** What was written so far survives the machine when this resolves. */
  async sync(): Promise<void> {
    if (!this.#unsynced || this.#fd === undefined) return
    this.#unsynced = false
    await sync(this.#fd)
  }

  /** Whether the file being written is still the one of that name. */
  isThere(): boolean {
    if (this.#fd === undefined) return true
    try {
      return statSync(this.path(this.#newest)).ino === fstatSync(this.#fd).ino
    } catch {
      return false
    }
  }

  /** The next write begins a new segment. */
  async close(): Promise<void> {
    const fd = this.#fd
    if (fd === undefined) return
    const unsynced = this.#unsynced
    this.#fd = undefined
    this.#unsynced = false
    try {
      if (unsynced) await sync(fd)
    } finally {
      closeSync(fd)
    }
  }

  /** Everything known is gone from the disk. */
  forgetAll(): void {
    this.#segments.clear()
  }

  #writes(number: number): boolean {
    return this.#fd !== undefined && number === this.#newest
  }

  #open(): Segment {
    const current = this.#segments.get(this.#newest)
    if (this.#fd !== undefined && current && current.size < SEGMENT_BYTES) return current
    void this.close().catch(() => {})
    mkdirSync(this.#dir, { recursive: true })
    this.#fd = openSync(this.path(this.#newest + 1), 'ax', 0o600)
    this.#newest++
    const segment = { size: 0, live: 0 }
    this.#segments.set(this.#newest, segment)
    return segment
  }

  #cut(size: number): void {
    try {
      if (this.#fd !== undefined) ftruncateSync(this.#fd, size)
    } catch {
      void this.close().catch(() => {})
    }
  }
}
