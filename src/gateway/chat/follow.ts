import type { ServerResponse } from 'node:http'
import { Departure } from '../departure.ts'
import { Fault } from '../fault.ts'
import { streamOf } from '../http2.ts'
import type { Leaving, Page, StreamStore } from '../store/store.ts'
import { isFull, send } from './chunked.ts'
import { ending, endsBlank, PING } from './frames.ts'

/**
 * Reads a log from number `from`: what is there, then what comes, then the end. It is the chat response, the resume response and the
 * second device, all three. An empty page is a pulse: nothing came for `pulseMs`.
 * @throws Fault `task_not_found` when the log is unknown, or was evicted on the way
 */
export async function* follow(
  store: StreamStore,
  id: string,
  from: number,
  pulseMs: number,
  signal: Leaving,
): AsyncGenerator<Page, void, void> {
  for (let quietSince = performance.now(); !signal.aborted; ) {
    const page = await store.read(id, from)
    if (!page) throw new Fault('task_not_found', 'this answer is not known here, or no longer')
    if (page.bytes.length > 0 || page.end || performance.now() - quietSince >= pulseMs) {
      yield page
      quietSince = performance.now()
    }
    if (page.end) return
    from = page.next
    await store.wait(id, from, Math.max(1, quietSince + pulseMs - performance.now()), signal)
  }
}

const GAP = Buffer.from('\n\n')

export interface Pace {
  readonly pulseMs: number
  /** How long the reader may take nothing. */
  readonly stallMs: number
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
  raw.once('close', () => gone.abort())
  if (raw.destroyed) return
  let last: Uint8Array | undefined
  try {
    for await (const page of follow(store, id, from, pace.pulseMs, gone)) {
      for (const bytes of page.bytes) send(raw, bytes)
      last = page.bytes.at(-1) ?? last
      if (page.end) {
        const mark = ending(page.end)
        if (mark && last && !endsBlank(last)) send(raw, GAP)
        if (mark) send(raw, mark)
      } else if (page.bytes.length === 0) send(raw, PING)
      if (isFull(raw)) await drained(raw, pace.stallMs, gone)
    }
    raw.end()
  } catch (error) {
    raw.destroy()
    if (!(error instanceof Fault)) throw error
  }
}

/** How many times as long a page may take on a connection that moves. */
const LATEST = 10

/** The socket's own idle timer looks at what the kernel took, so a slow reader that moves is left alone. */
function drained(raw: ServerResponse, stallMs: number, gone: Leaving): Promise<void> {
  return new Promise((resolve) => {
    const stream = streamOf(raw)
    const socket = stream ?? raw.socket
    const room = socket ?? raw
    // Over HTTP/2 what the kernel took of one stream is taken for all of them: this one gets its time, but not for ever.
    const latest = stream && setTimeout(() => cut(), LATEST * stallMs)
    const over = () => {
      clearTimeout(latest)
      socket?.setTimeout(0)
      socket?.off('timeout', cut)
      room.off('drain', over)
      gone.removeEventListener('abort', over)
      resolve()
    }
    const cut = () => raw.destroy()
    socket?.setTimeout(stallMs)
    socket?.on('timeout', cut)
    room.on('drain', over)
    gone.addEventListener('abort', over)
  })
}
