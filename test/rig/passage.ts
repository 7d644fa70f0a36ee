import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'
import { Transform } from 'node:stream'
import { setTimeout as pause, setImmediate as turn } from 'node:timers/promises'

/** How a way carries what comes from its far end: in such pieces, each so much later. */
export interface Slowness {
  readonly pieceBytes: number
  readonly everyMs: () => number
}

/** A way to a port of this machine that can be slow, and that can be cut without either side being told. */
export class Passage implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  #stalled = false
  #target: number

  static async open(port: number, slowness?: Slowness): Promise<Passage> {
    const passage = new Passage(port, slowness)
    passage.#server.listen(0, '127.0.0.1')
    await once(passage.#server, 'listening')
    return passage
  }

  private constructor(port: number, slowness: Slowness | undefined) {
    this.#target = port
    this.#server = createServer((near) => {
      const far = connect(this.#target, '127.0.0.1')
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        this.#sockets.add(socket)
        socket.setNoDelay(true)
        socket.on('error', () => !this.#stalled && other.destroy())
        socket.on('close', () => this.#sockets.delete(socket))
      }
      near.pipe(far)
      if (slowness) far.pipe(slowed(slowness)).pipe(near)
      else far.pipe(near)
    })
  }

  get port(): number {
    const address = this.#server.address()
    return address !== null && typeof address === 'object' ? address.port : 0
  }

  /** From now on it leads elsewhere; whoever was on the way is cut off. */
  lead(port: number): void {
    this.#target = port
    for (const socket of this.#sockets) socket.destroy()
  }

  /** Nothing comes through any more on the connections that there are. */
  stall(): void {
    this.#stalled = true
    for (const socket of this.#sockets) {
      socket.unpipe()
      socket.pause()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
    await once(this.#server, 'close')
  }
}

function slowed({ pieceBytes, everyMs }: Slowness): Transform {
  return new Transform({
    async transform(bytes: Buffer, _, done) {
      for (let at = 0; at < bytes.length; at += pieceBytes) {
        const ms = everyMs()
        await (ms > 0 ? pause(ms) : turn())
        this.push(bytes.subarray(at, at + pieceBytes))
      }
      done()
    },
  })
}
