import { viewOf } from './words.ts'

const SHEET_BYTES = 256 << 10

/** What is to be written at once: small pieces are made side by side in one buffer, large ones are taken where they lie. */
export class Sheet {
  #room = Buffer.allocUnsafeSlow(SHEET_BYTES)
  #view = viewOf(this.#room)
  #from = 0
  #used = 0
  #parts: Uint8Array[] = []
  #bytes = 0

  get bytes(): number {
    return this.#bytes
  }

  /** The buffer that `make` gives room in. */
  get room(): Buffer {
    return this.#room
  }

  /** The same, for words: three times as fast. */
  get view(): DataView {
    return this.#view
  }

  /** Takes room for so many bytes, to be filled before it is written, and says where in `room` it begins. */
  make(bytes: number): number {
    if (this.#used + bytes > this.#room.length) {
      this.#close()
      this.#room = Buffer.allocUnsafeSlow(Math.max(bytes, SHEET_BYTES))
      this.#view = viewOf(this.#room)
      this.#from = 0
      this.#used = 0
    }
    this.#bytes += bytes
    this.#used += bytes
    return this.#used - bytes
  }

  lay(piece: Uint8Array): void {
    this.#close()
    this.#parts.push(piece)
    this.#bytes += piece.length
  }

  /** All that was made and laid, in order. It must be written before anything else is made. */
  take(): Uint8Array[] {
    this.#close()
    const parts = this.#parts
    this.#parts = []
    this.#from = 0
    this.#used = 0
    this.#bytes = 0
    return parts
  }

  #close(): void {
    if (this.#used > this.#from) this.#parts.push(this.#room.subarray(this.#from, this.#used))
    this.#from = this.#used
  }
}
