import type { ServerResponse } from 'node:http'
import { streamOf } from './http2.ts'
import type { Leaving } from './store/store.ts'

/** How many times as long what was written may take on a connection that moves. */
const LATEST = 10

/**
 * Resolves when the reader has taken what was written, or has gone. One that takes nothing for `stallMs` is cut off: the socket's own idle
 * timer looks at what the kernel took, so a slow reader that moves is left alone.
 */
export function drained(raw: ServerResponse, stallMs: number, gone: Leaving): Promise<void> {
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
      raw.off('close', over)
      gone.removeEventListener('abort', over)
      resolve()
    }
    const cut = () => raw.destroy()
    socket?.setTimeout(stallMs)
    socket?.on('timeout', cut)
    room.on('drain', over)
    // Where the end was written right behind it nothing says that it was taken but this.
    raw.on('close', over)
    gone.addEventListener('abort', over)
  })
}
