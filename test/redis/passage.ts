import { once } from 'node:events'
import { connect, createServer, type Server, type Socket } from 'node:net'

/** A way to a port of this machine that can be cut without either side being told. */
export class Passage implements AsyncDisposable {
  readonly #server: Server
  readonly #sockets = new Set<Socket>()

  static async open(port: number): Promise<Passage> {
    const passage = new Passage(port)
    passage.#server.listen(0, '127.0.0.1')
    await once(passage.#server, 'listening')
    return passage
  }

  private constructor(port: number) {
    this.#server = createServer((near) => {
      const far = connect(port, '127.0.0.1')
      for (const socket of [near, far]) {
        this.#sockets.add(socket)
        socket.on('error', () => {})
        socket.on('close', () => this.#sockets.delete(socket))
      }
      near.pipe(far).pipe(near)
    })
  }

  get port(): number {
    const address = this.#server.address()
    return address !== null && typeof address === 'object' ? address.port : 0
  }

  /** Nothing comes through any more on the connections that there are. */
  stall(): void {
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
