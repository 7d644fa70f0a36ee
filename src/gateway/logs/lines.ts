export const LINE_BYTES = 16 * 1024
export const CUT_MARK = ' … [cut]'

const NEWLINE = 10
const RETURN = 13

/**
 * Bytes as lines, however the bytes were split. Ends are `\n` or `\r\n`; what is not UTF-8 becomes U+FFFD. Holds one unfinished line of
 * at most `lineBytes`: a longer one is told once, cut on a character and marked, and the rest of it is skipped.
 */
export class Lines {
  readonly #lineBytes: number
  /** One byte more than a line may have: a `\r` there may still turn out to belong to the end. */
  readonly #held: Buffer
  #heldBytes = 0
  #skipping: boolean
  #told = false

  /** `skipping`: the bytes begin inside a line that is not to be told. */
  constructor(options: { lineBytes?: number; skipping?: boolean } = {}) {
    this.#lineBytes = options.lineBytes ?? LINE_BYTES
    this.#held = Buffer.allocUnsafe(this.#lineBytes + 1)
    this.#skipping = options.skipping ?? false
  }

  /** The lines that these bytes finish, and the one that they make too long. */
  push(bytes: Buffer): string[] {
    const lines: string[] = []
    let start = 0
    for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
      this.#finish(bytes.subarray(start, end), lines)
      start = end + 1
    }
    this.#hold(bytes.subarray(start), lines)
    return lines
  }

  /** Tells the unfinished line as it is. Should it go on after all, the rest is a line of its own; a mere newline is nothing. */
  flush(): string[] {
    if (this.#heldBytes === 0) return []
    const line = this.#text(this.#take())
    this.#told = true
    return line === '' ? [] : [line]
  }

  #finish(piece: Buffer, lines: string[]): void {
    if (this.#heldBytes > 0) this.#hold(piece, lines)
    if (this.#skipping) {
      this.#skipping = false
      return
    }
    const line = this.#text(this.#heldBytes > 0 ? this.#take() : withoutHole(piece))
    if (line !== '' || !this.#told) lines.push(line)
    this.#told = false
  }

  #hold(piece: Buffer, lines: string[]): void {
    if (this.#skipping) return
    const bytes = this.#heldBytes > 0 ? piece : withoutHole(piece)
    const taken = bytes.copy(this.#held, this.#heldBytes)
    this.#heldBytes += taken
    if (taken === bytes.length) return
    lines.push(this.#cut(this.#take()))
    this.#skipping = true
    this.#told = false
  }

  /** Valid until the next bytes are held. */
  #take(): Buffer {
    const bytes = this.#held.subarray(0, this.#heldBytes)
    this.#heldBytes = 0
    return bytes
  }

  #text(bytes: Buffer): string {
    const end = bytes.at(-1) === RETURN ? bytes.length - 1 : bytes.length
    return end > this.#lineBytes ? this.#cut(bytes) : bytes.toString('utf8', 0, end)
  }

  #cut(bytes: Buffer): string {
    // As part of a stream: a character that the cut has halved is left out, not replaced.
    const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
    return decoder.decode(bytes.subarray(0, this.#lineBytes), { stream: true }) + CUT_MARK
  }
}

/** Truncating a file under a writer that does not append leaves a hole of NULs before its next line, which must not drown that line. */
function withoutHole(bytes: Buffer): Buffer {
  let start = 0
  while (bytes[start] === 0) start += 1
  return start === 0 ? bytes : bytes.subarray(start)
}
