import type { ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { Departure } from '../departure.ts'
import { drained } from '../drained.ts'
import { Fault } from '../fault.ts'
import type { Leaving, Page, StreamStore } from '../store/store.ts'
import { framed } from './chunked.ts'
import { Follower } from './follow.ts'
import { ending, endsBlank, PING } from './frames.ts'
import type { Pulses } from './pulses.ts'

const GAP = Buffer.from('\n\n')

export interface Pace {
  readonly pulses: Pulses
  /** How long the reader may take nothing. */
  readonly stallMs: number
}

/** A reader at the other end of an answer. */
class Teller extends Follower {
  readonly #raw: ServerResponse
  readonly #gone: Leaving
  readonly #stallMs: number
  /** Where pieces of an HTTP/1.1 answer in chunks go directly. */
  #socket: Socket | undefined
  /** No event may begin right behind what was written last. */
  #isOpen = false

  constructor(
    store: StreamStore,
    id: string,
    from: number,
    raw: ServerResponse,
    gone: Leaving,
    stallMs: number,
  ) {
    super(store, id, from)
    this.#raw = raw
    this.#gone = gone
    this.#stallMs = stallMs
  }

  protected override show({ bytes: pieces, end }: Page): Promise<void> | undefined {
    let goesOn = true
    for (const piece of pieces) {
      goesOn = this.#send(piece)
      this.#isOpen = !endsBlank(piece)
    }
    if (end) {
      const mark = ending(end)
      if (mark && this.#isOpen) goesOn = this.#send(GAP)
      if (mark) goesOn = this.#send(mark)
    } else if (pieces.length === 0) goesOn = this.#send(PING)
    return goesOn ? undefined : drained(this.#raw, this.#stallMs, this.#gone)
  }

  /** False: the other side is to take what was written before more is. */
  #send(bytes: Uint8Array): boolean {
    this.#socket ??= directOf(this.#raw)
    const frame = this.#socket && framed(bytes)
    if (frame) return (this.#socket as Socket).write(frame)
    // Behind another answer it may be destroyed without ever being closed: nothing would say that it is taken.
    return this.#raw.destroyed || this.#raw.write(bytes)
  }
}

/** Behind another answer on the same connection there is no socket yet; in HTTP/2 and HTTP/1.0 there are no such chunks. */
function directOf({ socket, chunkedEncoding }: ServerResponse): Socket | undefined {
  return (chunkedEncoding && socket) || undefined
}

/**
 * Writes a log to one reader at the reader's own pace, down to its ending. A reader that takes nothing for `stallMs` is cut off and
 * may resume; so is one whose log was evicted, since a clean end would look like the whole answer.
 */
export async function tell(
  store: StreamStore,
  id: string,
  from: number,
  pace: Pace,
  raw: ServerResponse,
): Promise<void> {
  const gone = new Departure()
  raw.on('close', () => gone.abort())
  if (raw.destroyed) return
  try {
    await new Teller(store, id, from, raw, gone, pace.stallMs).follow(pace.pulses, gone)
    raw.end()
  } catch (error) {
    raw.destroy()
    if (!(error instanceof Fault)) throw error
  }
}
