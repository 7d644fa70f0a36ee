import { constants, type Stats } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { Lines } from './lines.ts'

const READ_BYTES = 64 * 1024
/** The end of what was read is read again with what follows, to see that it is still the same text. */
const KNOWN_BYTES = 256
const NOTHING = Buffer.alloc(0)
/** More than the coarsest clock of a file system. */
const FRESH_MS = 3_000

/** Thrown where a regular file should be and something else is: a directory, a pipe, a device. */
export class NotAFile extends Error {
  override readonly name = 'NotAFile'
}

/** One open file, read from front to back as it grows. Whoever renames or deletes it does not part us from it. */
export class LogFile {
  readonly #handle: FileHandle
  readonly #stats: Stats
  readonly #lineBytes: number
  readonly #buffer = Buffer.allocUnsafe(KNOWN_BYTES + READ_BYTES)
  #lines: Lines
  #offset = 0
  #known = NOTHING
  /** When it had been changed last, before all of it was read. */
  #readOf = Number.NaN

  /** Never waits: a pipe that took the file's place would otherwise hold the opener until somebody writes. */
  static async open(path: string, lineBytes: number): Promise<LogFile> {
    const handle = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    try {
      const stats = await handle.stat()
      if (!stats.isFile()) throw new NotAFile()
      return new LogFile(handle, stats, lineBytes)
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  private constructor(handle: FileHandle, stats: Stats, lineBytes: number) {
    this.#handle = handle
    this.#stats = stats
    this.#lineBytes = lineBytes
    this.#lines = new Lines({ lineBytes })
  }

  is(other: Stats): boolean {
    return this.#stats.dev === other.dev && this.#stats.ino === other.ino
  }

  /** Whether it looks as it did before all of it was read. What was changed just now might be changed again without its time showing it. */
  looksAs({ size, ctimeMs }: Stats): boolean {
    return size === this.#offset && ctimeMs === this.#readOf && Date.now() - ctimeMs > FRESH_MS
  }

  /** All of it was read, after it was found like this. */
  remember({ ctimeMs }: Stats): void {
    this.#readOf = ctimeMs
  }

  async isDeleted(): Promise<boolean> {
    return (await this.#handle.stat()).nlink === 0
  }

  /**
   * The newest lines of what the file had when it was opened; reading goes on from there. Looks at no more of the file's end than these
   * lines may take, so longer ones before it may leave fewer.
   */
  async newest(count: number): Promise<string[]> {
    const { size } = this.#stats
    this.#offset = Math.max(0, size - (count + 1) * this.#lineBytes)
    this.#lines = new Lines({ lineBytes: this.#lineBytes, skipping: this.#offset > 0 })
    const lines: string[] = []
    while (this.#offset < size) {
      const more = await this.read(Math.min(READ_BYTES, size - this.#offset))
      if (!more) break
      lines.push(...more)
    }
    lines.push(...this.#lines.flush())
    return lines.slice(Math.max(0, lines.length - count))
  }

  /** The lines that the next bytes finish: often some, sometimes none. Undefined: there are no more bytes for now. */
  async read(bytes = READ_BYTES): Promise<string[] | undefined> {
    const known = this.#known
    const from = this.#offset - known.length
    const { bytesRead } = await this.#handle.read(this.#buffer, 0, known.length + bytes, from)
    const told = this.#buffer.subarray(0, Math.min(known.length, bytesRead))
    // Truncated. Its size does not show it when it has grown again since, up to where we were or beyond.
    if (!told.equals(known)) return this.#startOver()
    if (bytesRead === known.length) return undefined
    this.#offset = from + bytesRead
    this.#known = Buffer.from(this.#buffer.subarray(Math.max(0, bytesRead - KNOWN_BYTES), bytesRead))
    return this.#lines.push(this.#buffer.subarray(known.length, bytesRead))
  }

  /** The unfinished last line, as it is. */
  flush(): string[] {
    return this.#lines.flush()
  }

  /** Nothing was written, so nothing can be lost by a close that fails. */
  async close(): Promise<void> {
    await this.#handle.close().catch(() => {})
  }

  #startOver(): string[] {
    const last = this.#lines.flush()
    this.#lines = new Lines({ lineBytes: this.#lineBytes })
    this.#offset = 0
    this.#known = NOTHING
    return last
  }
}
