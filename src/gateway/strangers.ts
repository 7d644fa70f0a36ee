import type { Server, Socket } from 'node:net'
import { networkOf } from './network.ts'

export interface Room {
  /** Connections of strangers at once. */
  readonly all: number
  /** Of one address. */
  readonly each: number
  /** How long a newcomer has to show the key before anyone else's coming can end its stay. */
  readonly graceMs: number
}
const ROOM: Room = { all: 4096, each: 512, graceMs: 1_000 }

type Ends = Pick<Socket, 'remoteAddress' | 'remotePort'>

interface Stranger {
  readonly socket: Socket
  readonly network: string
  readonly since: number
}

/**
 * The connections that have not shown the key. When there are too many, the one that has been here longest makes room, and nobody who
 * comes is turned away: whoever holds a thousand connections open keeps nobody out who has the key, and shows it at once.
 */
export class Strangers {
  readonly #room: Room
  readonly #all = new Map<string, Stranger>()
  readonly #each = new Map<string, Map<string, Stranger>>()
  #dropped = 0

  constructor(room: Partial<Room> = {}) {
    this.#room = { ...ROOM, ...room }
  }

  get here(): number {
    return this.#all.size
  }
  /** Who had to make room. */
  get dropped(): number {
    return this.#dropped
  }

  watch(server: Server): void {
    // Before its handshake, where it speaks TLS.
    server.on('connection', (socket: Socket) => this.#come(socket))
  }

  /** The key was shown on this connection: it is counted no more. */
  know(socket: Ends): void {
    this.#forget(nameOf(socket))
  }

  #come(socket: Socket): void {
    const name = nameOf(socket)
    const network = networkOf(socket.remoteAddress)
    const stranger = { socket, network, since: performance.now() }
    const { all, each } = this.#room
    const near = this.#each.get(network) ?? new Map<string, Stranger>()
    this.#each.set(network, near)
    this.#all.set(name, stranger)
    near.set(name, stranger)
    socket.once('close', () => this.#forget(name))
    if (near.size > each) this.#drop(near)
    if (this.#all.size > all) this.#drop(this.#all)
  }

  /** The first of them is the oldest. */
  #drop(strangers: ReadonlyMap<string, Stranger>): void {
    for (const [name, { socket, since }] of strangers) {
      if (performance.now() - since < this.#room.graceMs) return
      this.#forget(name)
      this.#dropped++
      socket.destroy()
      return
    }
  }

  #forget(name: string): void {
    const stranger = this.#all.get(name)
    if (!stranger) return
    this.#all.delete(name)
    const near = this.#each.get(stranger.network)
    near?.delete(name)
    if (near?.size === 0) this.#each.delete(stranger.network)
  }
}

/** A connection by its other end: of a request over TLS there is another socket to be seen, and over HTTP/2 none. */
const nameOf = ({ remoteAddress, remotePort }: Ends): string => `${remoteAddress} ${remotePort}`
