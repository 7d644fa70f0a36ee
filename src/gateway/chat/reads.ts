import { Cut } from './cut.ts'
import { roomFor } from './spare.ts'

/** Reads of anything that is not SSE: each is a chunk as it is. */
export class Reads extends Cut {
  readonly carried = 0

  push(chunk: Buffer): void {
    if (chunk.length === 0) return
    this.out = roomFor(this.out, chunk.length)
    this.out.lay(chunk, 0, chunk.length)
    this.out.cut()
  }

  finish(): void {}
}
