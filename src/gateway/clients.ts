import type { IncomingMessage, ServerResponse } from 'node:http'
import { Fault } from './fault.ts'
import { networkOf } from './network.ts'

const WINDOW_MS = 60_000
/** Addresses remembered at once; the oldest is forgotten first. */
const ADDRESSES = 10_000
/** When a place may have become free. */
const RETRY_S = 5

/** What takes a place for as long as it goes on. */
export type Place = 'streams' | 'uploads' | 'sockets'

/** What one address may have, with the key; unset: as much as it likes. */
export type ClientLimits = Readonly<Partial<Record<Place | 'requests', number | undefined>>>

/** How much each client does at once, where the operator limits it. `clock` is monotonic milliseconds. */
export class Clients {
  readonly #limits: ClientLimits
  readonly #clock: () => number
  readonly #taken: Readonly<Record<Place, Map<string, number>>> = {
    streams: new Map(),
    uploads: new Map(),
    sockets: new Map(),
  }
  readonly #asked = new Map<string, { count: number; readonly until: number }>()

  constructor(limits: ClientLimits, clock: () => number = () => performance.now()) {
    this.#limits = limits
    this.#clock = clock
  }

  /** Counts a request. @throws Fault `too_many_requests` */
  ask({ socket }: IncomingMessage): void {
    const most = this.#limits.requests
    if (most === undefined) return
    const now = this.#clock()
    const address = networkOf(socket.remoteAddress)
    let asked = this.#asked.get(address)
    if (!asked || asked.until <= now) {
      asked = { count: 0, until: now + WINDOW_MS }
      // Behind the others: the first is the oldest.
      this.#asked.delete(address)
      this.#asked.set(address, asked)
      if (this.#asked.size > ADDRESSES) this.#asked.delete(this.#asked.keys().next().value ?? '')
    }
    if (++asked.count <= most) return
    throw new Fault('too_many_requests', `more than ${most} requests in a minute: wait a moment`, {
      retryAfterS: Math.max(1, Math.ceil((asked.until - now) / 1000)),
    })
  }

  /** Takes a place until the answer is over, however it ends. @throws Fault `too_many_requests` */
  hold(place: Place, request: IncomingMessage, response: ServerResponse): void {
    if (this.#limits[place] === undefined) return
    const giveBack = this.take(place, request)
    response.once('close', giveBack)
    if (response.socket) return
    // Behind another answer on its connection: should that break, this one is never told.
    const { socket } = request
    socket.setMaxListeners(0).once('close', giveBack)
    response.once('close', () => socket.off('close', giveBack))
  }

  /** Takes a place, and gives what gives it back. @throws Fault `too_many_requests` */
  take(place: Place, { socket }: IncomingMessage): () => void {
    const most = this.#limits[place]
    if (most === undefined) return () => {}
    const taken = this.#taken[place]
    const address = networkOf(socket.remoteAddress)
    const count = taken.get(address) ?? 0
    if (count >= most)
      throw new Fault('too_many_requests', `more ${NAMES[place]} at once than a client may have (${most})`, {
        retryAfterS: RETRY_S,
      })
    taken.set(address, count + 1)
    let isBack = false
    return () => {
      if (isBack) return
      isBack = true
      const left = (taken.get(address) ?? 1) - 1
      if (left > 0) taken.set(address, left)
      else taken.delete(address)
    }
  }
}

const NAMES: Readonly<Record<Place, string>> = {
  streams: 'answers',
  uploads: 'uploads',
  sockets: 'listeners of the log',
}
