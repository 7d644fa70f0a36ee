import { giveBack, type Room } from './spare.ts'

/** What the agent's reads become on their way to the store: whole chunks, in a room that is lent for as long as they wait. */
export abstract class Cut {
  /** Nothing while nothing waits: thousands of streams are silent most of the time. */
  protected out: Room | undefined = undefined

  /** Bytes that wait to be taken. */
  get waiting(): number {
    return this.out?.used ?? 0
  }
  /** Bytes of the chunk that is not over yet. */
  abstract get carried(): number

  abstract push(chunk: Buffer): void

  /** The agent's bytes are over. */
  abstract finish(): void

  /** The whole chunks since the last call. When they have been copied their room is given back. */
  take(): Room | undefined {
    const { out } = this
    this.out = undefined
    return out
  }

  /** No more comes, and nobody will take what waits. */
  close(): void {
    if (this.out) giveBack(this.out)
    this.out = undefined
  }
}
