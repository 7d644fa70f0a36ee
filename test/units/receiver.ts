import { createServer, type IncomingMessage, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { withFile } from '../../src/gateway/multipart.ts'
import { deferred, within } from '../rig/wait.ts'

/** What became of a form. */
export interface Received {
  /** What was given on. */
  readonly bytes: Buffer
  /** The code of the fault that ended it. */
  readonly fault: string | undefined
  /** The most that had been read of the connection and was not given on yet. */
  readonly held: number
  /** All that was read of the connection. */
  readonly taken: number
}

export interface Form {
  /** Each goes out on its own. */
  readonly pieces: readonly Uint8Array[]
  readonly headers: Record<string, string>
  readonly maxBytes: number
}

export interface Receiver {
  send(form: Form): Promise<Received>
  close(): Promise<void>
}

/** A real server and a real client, for one form after the other. */
export async function startReceiver(): Promise<Receiver> {
  let limit = 0
  let received = deferred<Received>()
  const server = createServer(async (incoming, response) => {
    received.resolve(await take(incoming, limit))
    incoming.on('error', () => {}).resume()
    response
      .on('error', () => {})
      .writeHead(200, { connection: 'close' })
      .end()
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo

  return {
    async send({ pieces, headers, maxBytes }) {
      limit = maxBytes
      received = deferred()
      const client = request({ port, host: '127.0.0.1', method: 'POST', headers, agent: false })
      const gone = new Promise<void>((resolve) => client.once('close', resolve))
      client.on('error', () => {})
      client.on('response', (answer) => answer.on('error', () => {}).resume())
      client.flushHeaders()
      for (const piece of pieces) {
        if (client.destroyed) break
        if (!client.write(piece))
          await Promise.race([new Promise((drained) => client.once('drain', drained)), gone])
        await turn()
      }
      client.end()
      const outcome = await within('what became of a form', received.promise)
      client.destroy()
      return outcome
    },
    async close() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}

/** Reads as a slow agent does: a turn of the event loop for every piece. */
async function take(incoming: IncomingMessage, maxBytes: number): Promise<Received> {
  const { socket } = incoming
  const pieces: Buffer[] = []
  let given = 0
  let held = 0
  let fault: string | undefined
  try {
    for await (const piece of await withFile(incoming, maxBytes)) {
      held = Math.max(held, socket.bytesRead - given)
      given += piece.length
      pieces.push(piece)
      await turn()
    }
  } catch (error) {
    fault = (error as { code?: string }).code ?? String(error)
  }
  return { bytes: Buffer.concat(pieces), fault, held, taken: socket.bytesRead }
}
