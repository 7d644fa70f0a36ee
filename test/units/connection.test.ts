import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import { type AddressInfo, connect, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { watchBody } from '../../src/gateway/connection.ts'

const HEAD = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n'

test('bodies that come late on one connection, however many and however they overlap, change it once', async () => {
  const ways = new Set<unknown>()
  const answers: ServerResponse[] = []
  let end: Socket | undefined
  const server = createServer((request, response) => {
    watchBody(request, response)
    end = request.socket
    answers.push(response)
    if (answers.length > 1) process.nextTick(() => ways.add(request.socket.destroySoon))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1')
  await once(socket, 'connect')
  let heard = ''
  socket.on('data', (bytes) => {
    heard += bytes
  })
  const until = async (condition: () => boolean) => {
    while (!condition()) await new Promise(setImmediate)
  }
  // The first answer waits, so that all bodies lie unread behind it.
  socket.write(HEAD)
  for (let n = 1; n <= 8; n++) {
    await until(() => answers.length === n)
    socket.write(`x${HEAD}`)
  }
  await until(() => answers.length === 9)
  for (const answer of answers.slice(0, -1)) answer.end('.')
  await until(() => heard.split('HTTP/1.1 200').length === 9)
  expect(ways.size).toBe(1)

  // The last body is still to come: an answer that closes does not reset the connection before.
  answers.at(-1)?.setHeader('connection', 'close').end('last')
  await until(() => heard.endsWith('last'))
  expect(end?.destroyed).toBe(false)
  socket.write('x')
  socket.end()
  await once(socket, 'close')
  server.close()
})
