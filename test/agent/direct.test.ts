import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { DIRECT, readDirectly } from '../../src/gateway/direct.ts'

const opened: { destroy(): void }[] = []
afterEach(() => {
  for (const it of opened.splice(0)) it.destroy()
})

/** A connection that reads directly, and its other side. */
async function pair(): Promise<{ socket: Socket; agent: Socket }> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const accepted = once(server, 'connection') as Promise<[Socket]>
  const socket = readDirectly(connect({ port, host: '127.0.0.1', ...DIRECT }))
  const [agent] = await accepted
  server.close()
  opened.push(socket, agent)
  return { socket, agent }
}

/** Takes what there is whenever there is something, as undici does. */
function taking(socket: Socket, take: (chunk: Buffer) => void): void {
  socket.on('readable', () => {
    for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) take(chunk)
  })
}

test('what was read stays as it was when more is read, here or on another connection', async () => {
  const [one, other] = [await pair(), await pair()]
  const kept: Buffer[] = []
  for (const { socket } of [one, other]) taking(socket, (chunk) => kept.push(chunk))
  for (const [n, { agent }] of [one, other, one, other].entries()) {
    agent.write(`${n}`.repeat(5_000))
    await expect.poll(() => Buffer.concat(kept).length).toBe((n + 1) * 5_000)
  }
  expect(Buffer.concat(kept).toString()).toBe([0, 1, 2, 3].map((n) => `${n}`.repeat(5_000)).join(''))
})

test('while nobody takes anything the other side has to wait, and then all of it comes in order', async () => {
  const { socket, agent } = await pair()
  const sent = Buffer.from(Array.from({ length: 1 << 20 }, (_, n) => `${n}\n`).join(''))
  let isPaused = true
  const kept: Buffer[] = []
  const more = () => {
    for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) kept.push(chunk)
  }
  socket.on('readable', () => {
    if (!isPaused) more()
  })
  agent.write(sent)
  await expect.poll(() => socket.readableLength).toBeGreaterThan(0)
  await expect.poll(() => agent.writableNeedDrain).toBe(true)
  expect(socket.readableLength).toBeLessThanOrEqual(128 << 10)
  expect(kept).toEqual([])

  isPaused = false
  more()
  agent.end()
  await once(socket, 'end')
  expect(Buffer.concat(kept).equals(sent)).toBe(true)
})

test('the end comes behind what was read', async () => {
  const { socket, agent } = await pair()
  let text = ''
  taking(socket, (chunk) => {
    text += chunk
  })
  agent.end('the last words')
  await once(socket, 'end')
  expect(text).toBe('the last words')
})

test('one who puts a part back and pauses gets it before what comes next', async () => {
  const { socket, agent } = await pair()
  let text = ''
  let isPaused = false
  socket.on('readable', () => {
    while (!isPaused) {
      const chunk: Buffer | null = socket.read()
      if (chunk === null) return
      text += chunk
      if (text !== 'abc') continue
      text = 'a'
      isPaused = true
      socket.unshift(chunk.subarray(1))
    }
  })
  agent.write('abc')
  await expect.poll(() => socket.readableLength).toBe(2)
  // The socket has told of what was put back, and nobody took it.
  await new Promise((resolve) => setImmediate(resolve))
  isPaused = false
  agent.end('def')
  await once(socket, 'end')
  expect(text).toBe('abcdef')
})

test('a listener that throws leaves nothing behind for the next read', async () => {
  const { socket } = await pair()
  const { buffer, callback } = DIRECT.onread
  const hear = (text: string) => callback.call(socket, (buffer as Buffer).write(text), buffer as Buffer)
  let isBroken = true
  const heard: string[] = []
  socket.on('readable', () => {
    if (isBroken) throw new Error('no parser')
    heard.push(`${socket.read()}`)
  })
  expect(() => hear('one')).toThrow('no parser')
  expect(socket.read()).toBeNull()
  isBroken = false
  expect(hear('two')).toBe(true)
  expect(heard).toEqual(['two'])
})
