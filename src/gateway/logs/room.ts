import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { WebSocket, WebSocketServer } from 'ws'
import type { LogLine } from '../../protocol.ts'
import { batchFrames, lineFrames, logLine } from './frames.ts'

const GOING_AWAY = 1001
const POLICY_VIOLATION = 1008
/** What a client may send in a second. It has nothing to say: this is for its pings and pongs. */
const HEARD_PER_SECOND = 50
/** What a client gets to answer a close before its socket is cut. */
const CLOSE_MS = 1_000

const DOOR = {
  noServer: true,
  clientTracking: false,
  perMessageDeflate: false,
  maxPayload: 4096,
  maxFragments: 16,
  closeTimeout: CLOSE_MS,
}

interface Listener {
  readonly ws: WebSocket
  readonly socket: Duplex
  readonly batch: boolean
  answered: boolean
  heard: number
  heardSinceMs: number
}

export interface RoomOptions {
  /** Lines that a newcomer gets first. */
  readonly backlog?: number
  /** What a client may leave unread before it is dropped. */
  readonly unreadBytes?: number
  /** How often a client is pinged. No answer by the next ping: it is gone. */
  readonly pingMs?: number
  /** Answers what is no handshake of a websocket. */
  refuse?(socket: Duplex): void
}

/** Who listens to the log. Everyone gets every line from the moment of joining, or is dropped; nobody waits for anybody. */
export class Room {
  readonly #door = new WebSocketServer(DOOR)
  readonly #listeners = new Set<Listener>()
  readonly #backlog: number
  readonly #unreadBytes: number
  readonly #pinging: NodeJS.Timeout
  #newest: readonly LogLine[] = []
  #lines = 0
  #dropped = 0
  #closed = false

  constructor(options: RoomOptions = {}) {
    this.#backlog = options.backlog ?? 10
    this.#unreadBytes = options.unreadBytes ?? 1024 * 1024
    const { refuse } = options
    // What `ws` would write itself lacks the headers that every answer has.
    if (refuse) this.#door.on('wsClientError', (_, socket) => refuse(socket))
    this.#pinging = setInterval(() => this.#ping(), options.pingMs ?? 30_000).unref()
  }

  /** An upgrade request that the caller has let in. Not after `close`. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    const query = new URLSearchParams(request.url?.split('?').slice(1).join('?'))
    this.#door.handleUpgrade(request, socket, head, (ws) => this.join(socket, query.get('batch') === '1', ws))
  }

  /** `socket` is the one under `ws`: lines are written to it past `ws`. */
  join(socket: Duplex, batch: boolean, ws: WebSocket): void {
    const listener: Listener = {
      ws,
      socket,
      batch,
      answered: true,
      heard: 0,
      heardSinceMs: Number.NEGATIVE_INFINITY,
    }
    this.#listeners.add(listener)
    const hears = () => this.#hear(listener)
    ws.on('message', hears).on('ping', hears).on('pong', hears)
    ws.on('pong', () => {
      listener.answered = true
    })
    // A broken frame ends in an error and then in `close`, with the code that says why; there is nothing left to do about it.
    ws.on('error', () => {})
    ws.on('close', () => this.#listeners.delete(listener))
    this.#give(listener, batch ? batchFrames(this.#newest) : lineFrames(this.#newest))
  }

  /** Tells these lines to everyone: frames built once, one write a client. */
  say(contents: readonly string[]): void {
    this.#lines += contents.length
    this.#remember(contents)
    if (this.#listeners.size === 0) return

    const lines = contents.map(logLine)
    let single: Buffer | undefined
    let batch: Buffer | undefined
    for (const listener of this.#listeners) {
      if (listener.batch) {
        batch ??= batchFrames(lines)
        this.#give(listener, batch)
      } else {
        single ??= lineFrames(lines)
        this.#give(listener, single)
      }
    }
  }

  get closed(): boolean {
    return this.#closed
  }

  counts(): { readonly clients: number; readonly lines: number; readonly dropped: number } {
    return { clients: this.#listeners.size, lines: this.#lines, dropped: this.#dropped }
  }

  /** Says goodbye to everyone; who does not answer within a second is cut. */
  close(): void {
    clearInterval(this.#pinging)
    this.#closed = true
    this.#door.close()
    for (const { ws } of this.#listeners) ws.close(GOING_AWAY)
  }

  #remember(contents: readonly string[]): void {
    const newest = contents.slice(Math.max(0, contents.length - this.#backlog)).map(logLine)
    const kept = this.#newest.slice(Math.max(0, this.#newest.length + newest.length - this.#backlog))
    this.#newest = [...kept, ...newest]
  }

  /**
   * Straight to the socket: a write a client and read costs a ninth of a `ws.send` a line. Frames cannot interleave, because `ws` writes
   * its own (pings, pongs, close) whole and at once as long as nothing is compressed; after a close frame nothing may follow.
   */
  #give(listener: Listener, frames: Buffer): void {
    const { ws, socket } = listener
    if (ws.readyState !== WebSocket.OPEN || frames.length === 0) return
    socket.write(frames)
    if (socket.writableLength <= this.#unreadBytes) return
    this.#dropped += 1
    ws.terminate()
  }

  #ping(): void {
    for (const listener of this.#listeners) {
      if (listener.answered) listener.ws.ping()
      else listener.ws.terminate()
      listener.answered = false
    }
  }

  #hear(listener: Listener): void {
    const nowMs = performance.now()
    if (nowMs - listener.heardSinceMs >= 1_000) {
      listener.heard = 0
      listener.heardSinceMs = nowMs
    }
    listener.heard += 1
    if (listener.heard > HEARD_PER_SECOND) listener.ws.close(POLICY_VIOLATION)
  }
}
