import { connect, createServer, type Server, type Socket } from 'node:net'

/** A wire to the gateway that a test can cut, and that stays cut until it is mended. Its address never changes. */
export interface Cutter {
  readonly url: string
  /** Every connection dies, and no new one comes through. */
  cut(): Promise<void>
  mend(): Promise<void>
  close(): Promise<void>
}

export async function startCutter(gatewayPort: number): Promise<Cutter> {
  const sockets = new Set<Socket>()
  let server = await listen(0)
  const address = server.address()
  const port = typeof address === 'object' && address ? address.port : 0

  function listen(on: number): Promise<Server> {
    const made = createServer((near) => {
      const far = connect(gatewayPort, '127.0.0.1')
      for (const [socket, other] of [
        [near, far],
        [far, near],
      ] as const) {
        sockets.add(socket)
        socket.on('error', () => other.destroy())
        socket.on('close', () => {
          sockets.delete(socket)
          other.destroy()
        })
        socket.pipe(other)
      }
    })
    return new Promise((resolve) => made.listen(on, '127.0.0.1', () => resolve(made)))
  }
  const cut = async () => {
    const closed = new Promise((resolve) => server.close(resolve))
    for (const socket of sockets) socket.destroy()
    await closed
  }
  return {
    url: `http://127.0.0.1:${port}`,
    cut,
    async mend() {
      server = await listen(port)
    },
    close: cut,
  }
}
