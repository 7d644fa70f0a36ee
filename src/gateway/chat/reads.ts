import type { Batch } from '../store/store.ts'

/** Reads of anything that is not SSE: each is a chunk as it is. */
export class Reads {
  #chunks: Buffer[] = []
  #ends: number[] = []
  #length = 0
  readonly carried = 0

  get waiting(): number {
    return this.#length
  }
  push(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#length += chunk.length
    this.#ends.push(this.#length)
  }
  finish(): void {}
  take(): Batch | undefined {
    if (this.#length === 0) return undefined
    const batch = { bytes: Buffer.concat(this.#chunks), ends: this.#ends }
    this.#chunks = []
    this.#ends = []
    this.#length = 0
    return batch
  }
  release(): void {}
  close(): void {}
}
