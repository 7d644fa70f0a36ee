import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT } from './run.mjs'

const name = `ghost-interface-${createHash('sha256').update(ROOT).digest('hex').slice(0, 16)}`

// A listening socket, not a file with a process id in it: the system takes it away when its holder dies, however it dies.
const address =
  { linux: `\0${name}`, win32: `\\\\.\\pipe\\${name}` }[process.platform] ?? join(tmpdir(), `${name}.sock`)

/** Does the work while no other process does work on this checkout; waits for one that does. */
export async function alone(work) {
  for (;;) {
    const held = await hold()
    if (held) {
      try {
        return await work()
      } finally {
        held.release()
      }
    }
    await released()
  }
}

function hold() {
  const waiting = new Set()
  const server = createServer((socket) => waiting.add(socket.on('error', () => {})))
  const release = () => {
    server.close()
    for (const socket of waiting) socket.destroy()
  }
  return new Promise((resolve, reject) => {
    server.once('error', (error) => (error.code === 'EADDRINUSE' ? resolve(undefined) : reject(error)))
    server.listen(address, () => resolve({ release }))
  })
}

function released() {
  return new Promise((resolve) => {
    const socket = connect(address, () =>
      console.error('Another start is at work on this checkout; waiting.'),
    )
    socket.once('error', (error) => {
      // What is left of a holder that died, where sockets are files.
      if (error.code === 'ECONNREFUSED' && address.endsWith('.sock')) rmSync(address, { force: true })
    })
    socket.once('close', resolve).resume()
  })
}
