import { Agent, fetch } from 'undici'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startAgent } from '../rig/agent.ts'
import { DONE, json, sse } from '../rig/answers.ts'
import { envelope, FORM } from '../rig/multipart.ts'
import { KEY } from '../rig/rig.ts'
import { type Server, startServer } from '../rig/server.ts'
import type { Upstream } from '../rig/upstream.ts'
import { eventually, pending } from '../rig/wait.ts'
import { Wire } from '../rig/wire.ts'

const MB = 1_000_000
const headers = { 'x-ghost-key': KEY }
const json_ = { ...headers, 'content-type': 'application/json' }

let agent: Upstream
let client: Agent
beforeAll(async () => {
  agent = await startAgent()
  client = new Agent()
})
afterAll(async () => {
  await client.destroy()
  await agent.close()
})

/** Some first work, so that what every process needs once is not counted. */
async function warm(server: Server): Promise<number> {
  for (let n = 0; n < 20; n += 1) await ask(server)
  return server.residentBytes()
}

async function ask(server: Server): Promise<string> {
  const response = await fetch(`${server.url}/api/chat`, {
    method: 'POST',
    headers: json_,
    body: '{"messages":[],"stream":true}',
    dispatcher: client,
  })
  for await (const _ of response.body ?? []);
  return response.headers.get('x-task-id') ?? ''
}

/** The most memory that the process had while something went on. */
async function peak(server: Server, work: Promise<unknown>): Promise<number> {
  let most = 0
  let over = false
  void work.finally(() => {
    over = true
  })
  while (!over) {
    most = Math.max(most, await server.residentBytes())
    await new Promise((turn) => setTimeout(turn, 10))
  }
  await work
  return most
}

const event = `data: ${'x'.repeat(49_992)}\n\n`
const answerOf = (megabytes: number) => sse(...Array<string>(megabytes * 20).fill(event), DONE)

test('A69: an upload of 90 MB passes through without being held', async () => {
  await using server = await startServer({ GHOST_AGENT_URL: agent.url })
  const before = await warm(server)
  const { before: head, after: tail } = envelope()
  const piece = Buffer.alloc(100_000, 'u')
  async function* body() {
    yield head
    for (let n = 0; n < 900; n += 1) yield piece
    yield tail
  }
  agent.play('POST /api/upload', json(200, {}))
  const upload = fetch(`${server.url}/api/upload`, {
    method: 'POST',
    headers: { ...headers, ...FORM },
    body: body(),
    duplex: 'half',
    dispatcher: client,
  })
  const most = await peak(server, upload)
  expect((await upload).status).toBe(200)
  expect((await (await agent.called('POST /api/upload')).read()).length).toBeGreaterThan(90 * MB)
  expect(most - before).toBeLessThan(60 * MB)
})

test('an upload that the agent does not take waits with the browser', { timeout: 40_000 }, async () => {
  await using server = await startServer({ GHOST_AGENT_URL: agent.url })
  const before = await warm(server)
  agent.play('POST /api/upload', (call) => call.closed)
  const wire = new Wire(server.port)
  await wire.write(
    `POST /api/upload HTTP/1.1\r\nHost: a\r\nX-Ghost-Key: ${KEY}\r\n` +
      `Content-Type: ${FORM['content-type']}\r\nContent-Length: 90000000\r\n\r\n`,
  )
  await wire.write(envelope().before)
  const sent = await untilStuck(() => wire.write(Buffer.alloc(100_000)), 80 * MB)
  expect(sent).toBeLessThan(60 * MB)
  expect((await server.residentBytes()) - before).toBeLessThan(60 * MB)
  wire.reset()
})

test('a download that the browser does not take waits with the agent', { timeout: 40_000 }, async () => {
  await using server = await startServer({ GHOST_AGENT_URL: agent.url })
  const before = await warm(server)
  let sent = 0
  agent.play('GET /api/download/', async (call) => {
    call.head(200, { 'content-type': 'application/octet-stream' })
    sent = await untilStuck(() => call.write(Buffer.alloc(100_000)), 150 * MB)
    call.rst()
  })
  const wire = new Wire(server.port)
  wire.socket.pause()
  await wire.write(`GET /api/download/a HTTP/1.1\r\nHost: a\r\nX-Ghost-Key: ${KEY}\r\n\r\n`)
  await (await agent.called('GET /api/download/')).played
  expect(sent).toBeLessThan(60 * MB)
  expect((await server.residentBytes()) - before).toBeLessThan(60 * MB)
  wire.reset()
})

/** Sends pieces of 100 kB until one is not taken for a second, or until `most` bytes have gone. */
async function untilStuck(send: () => Promise<void>, most: number): Promise<number> {
  let sent = 0
  while (sent < most && !(await pending(send(), 1_000))) sent += 100_000
  return sent
}

test.each([
  ['memory', { GHOST_STORE: 'memory' }],
  ['the default store', {}],
])(
  '200 finished answers of 1 MB take no more than the cap of all and a third, in %s',
  { timeout: 60_000 },
  async (_where, env: Record<string, string>) => {
    await using server = await startServer({ GHOST_AGENT_URL: agent.url, ...env })
    const before = await warm(server)
    agent.play('POST /api/chat', answerOf(1))
    const work = (async () => {
      for (let n = 0; n < 200; n += 1) await ask(server)
    })()
    expect((await peak(server, work)) - before).toBeLessThan(200 * MB * (4 / 3))
  },
)

test('F50, A60, A109: answers beyond the cap of all do not add up', { timeout: 60_000 }, async () => {
  await using server = await startServer({
    GHOST_AGENT_URL: agent.url,
    GHOST_STORE: 'memory',
    GHOST_INTERFACE_TOTAL_STREAM_CAP: String(40 * MB),
  })
  const before = await warm(server)
  agent.play('POST /api/chat', answerOf(2))
  const work = (async () => {
    for (let n = 0; n < 100; n += 1) await ask(server)
  })()
  expect((await peak(server, work)) - before).toBeLessThan(110 * MB)
})

test('F26, F50, A60: a hundred readers that stopped reading cost little', { timeout: 60_000 }, async () => {
  await using server = await startServer({ GHOST_AGENT_URL: agent.url })
  agent.play('POST /api/chat', answerOf(20))
  const id = await ask(server)
  const before = await server.residentBytes()
  const wires = Array.from({ length: 100 }, () => new Wire(server.port))
  for (const wire of wires) {
    wire.socket.pause()
    void wire.write(`GET /api/chat/resume/${id} HTTP/1.1\r\nHost: a\r\nX-Ghost-Key: ${KEY}\r\n\r\n`)
  }
  await eventually('all of them have begun', async () => {
    const text = await (await server.fetch('/metrics')).text()
    return /readers?\S* 100$/m.test(text)
  })
  expect((await server.residentBytes()) - before).toBeLessThan(60 * MB)
  for (const wire of wires) wire.leave()
})
