import { giveBack, type Room, roomFor } from './spare.ts'

/** Reads of anything that is not SSE: each is a chunk as it is. */
export class Reads {
  #out: Room | undefined = undefined
  readonly carried = 0

  get waiting(): number {
    return this.#out?.used ?? 0
  }
  push(chunk: Buffer): void {
    if (chunk.length === 0) return
    this.#out = roomFor(this.#out, chunk.length)
    this.#out.lay(chunk, 0, chunk.length)
    this.#out.cut()
  }
  finish(): void {}
  take(): Room | undefined {
    const out = this.#out
    this.#out = undefined
    return out
  }
  close(): void {
    if (this.#out) giveBack(this.#out)
    this.#out = undefined
  }
}
