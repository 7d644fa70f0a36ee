import { createHash } from 'node:crypto'
import { fetch } from 'undici'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startAgent } from '../rig/agent.ts'
import { DONE, sse } from '../rig/answers.ts'
import { KEY, startRig } from '../rig/rig.ts'
import { startServer } from '../rig/server.ts'
import type { Upstream } from '../rig/upstream.ts'
import { eventually, gate } from '../rig/wait.ts'
import { Wire } from '../rig/wire.ts'

const MB = 1_000_000
const event = `data: ${'x'.repeat(49_992)}\n\n`

let agent: Upstream
beforeAll(async () => {
  agent = await startAgent()
})
afterAll(() => agent.close())

test('A60: thirty readers that never read 40 MB neither hold up one that does nor fill the memory', {
  timeout: 60_000,
}, async () => {
  await using server = await startServer({ GHOST_AGENT_URL: agent.url })
  const begin = gate()
  agent.play('POST /api/chat', sse(event, begin, ...Array<string>(799).fill(event), DONE))
  const answer = await fetch(`${server.url}/api/chat`, {
    method: 'POST',
    headers: { 'x-ghost-key': KEY, 'content-type': 'application/json' },
    body: '{"messages":[],"stream":true}',
  })
  const id = answer.headers.get('x-task-id')
  const idle = Array.from({ length: 30 }, () => new Wire(server.port))
  for (const wire of idle) {
    wire.socket.pause()
    void wire.write(`GET /api/chat/resume/${id} HTTP/1.1\r\nHost: a\r\nX-Ghost-Key: ${KEY}\r\n\r\n`)
  }
  await eventually('all of them have begun', async () =>
    /^ghost_readers 31$/m.test(await (await server.fetch('/metrics')).text()),
  )
  begin.open()
  let size = 0
  let most = 0
  let last = ''
  for await (const piece of answer.body ?? []) {
    size += piece.length
    last = Buffer.from(piece).toString('latin1').slice(-40)
    if (size % 20 === 0) most = Math.max(most, await server.residentBytes())
  }
  most = Math.max(most, await server.residentBytes())
  expect(size).toBeGreaterThan(40 * MB)
  expect(last).toContain('[DONE]')
  expect(most).toBeLessThan(420 * MB)
  for (const wire of idle) wire.leave()
})

test('three hundred readers of one live answer see the same bytes, whenever they came', {
  timeout: 60_000,
}, async () => {
  await using rig = await startRig()
  const gates = [gate(), gate(), gate()] as const
  const some = Array.from({ length: 50 }, (_, i) => `data: {"n":${i},"text":"${'é'.repeat(40)}"}\n\n`)
  rig.agent.play('POST /api/chat', sse(...some, gates[0], ...some, gates[1], ...some, gates[2], DONE))
  const first = await rig.chat()
  const readers = [first]
  for (const [step, open] of gates.entries()) {
    await first.atLeast(step * 5_000 + 1_000)
    readers.push(...(await Promise.all(Array.from({ length: 100 }, () => rig.resume(first.taskId, 0)))))
    open.open()
  }
  const seen = await Promise.all(readers.map((reader) => reader.bytes()))
  expect(seen).toHaveLength(301)
  const digests = new Set(seen.map((bytes) => createHash('sha256').update(bytes).digest('hex')))
  expect(digests.size).toBe(1)
  expect(seen[0]?.toString()).toContain('id: 150\n')
})
