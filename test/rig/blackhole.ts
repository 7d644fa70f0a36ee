import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { Worker } from 'node:worker_threads'

/** An address that accepts nothing: its queue of connections is full, and whoever listens never looks at it. */
export interface Blackhole extends AsyncDisposable {
  readonly url: string
}

const LISTENER = `
const { parentPort, workerData } = require('node:worker_threads')
const server = require('node:net').createServer()
server.listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
  parentPort.postMessage(server.address().port)
  setImmediate(() => Atomics.wait(new Int32Array(workerData), 0, 0))
})`

export async function startBlackhole(): Promise<Blackhole> {
  const lock = new SharedArrayBuffer(4)
  const worker = new Worker(LISTENER, { eval: true, workerData: lock })
  const [port] = (await once(worker, 'message')) as [number]
  const fillers: Socket[] = []
  // The kernel completes as many handshakes as the queue holds; more than that are dropped.
  for (let n = 0; n < 8; n += 1) {
    const filler = connect({ port, host: '127.0.0.1' })
    filler.on('error', () => {})
    fillers.push(filler)
  }
  await once(fillers[0] as Socket, 'connect')
  return {
    url: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      for (const filler of fillers) filler.destroy()
      Atomics.store(new Int32Array(lock), 0, 1)
      Atomics.notify(new Int32Array(lock), 0)
      await worker.terminate()
    },
  }
}
