import { expect, test } from 'vitest'
import type { TaskView } from '../../src/protocol.ts'
import { startAgent } from '../rig/agent.ts'
import { DONE, delta, sse, stop } from '../rig/answers.ts'
import { EventReader, failure, words } from '../rig/events.ts'
import { startServer } from '../rig/server.ts'
import { eventually } from '../rig/wait.ts'

const CAP = 50_000_000
const EVENT = `data: ${'x'.repeat(49_992)}\n\n`
const body = '{"messages":[],"stream":true}'
const question = { method: 'POST', headers: { 'content-type': 'application/json' }, body }

const reader = ({ body }: Response) => {
  if (!body) throw new Error('no body')
  return new EventReader(body)
}

test('F17: 50 MB at once are capped at the byte, and others are answered meanwhile', async () => {
  await using agent = Object.assign(await startAgent(), {
    async [Symbol.asyncDispose]() {
      await agent.close()
    },
  })
  await using server = await startServer({ GHOST_AGENT_URL: agent.url })
  const before = await server.residentBytes()
  const flood = Buffer.from(EVENT.repeat(40))
  agent.play('POST /api/chat', sse(...Array<Buffer>(26).fill(flood), DONE), sse(delta('ok'), stop(), DONE))
  const response = await server.fetch('/api/chat', question)
  const id = response.headers.get('x-task-id')
  let most = 0
  let waited = 0
  let answered = 0
  const view = await eventually('the end of the flood', async () => {
    const asked = performance.now()
    const told = (await (await server.fetch(`/api/chat/task/${id}`)).json()) as TaskView
    // A busy machine is slow; a process that does nothing else for the whole flood is stuck.
    waited = Math.max(waited, performance.now() - asked)
    answered += 1
    most = Math.max(most, await server.residentBytes())
    return told.status === 'running' ? undefined : told
  })
  expect(view).toMatchObject({ status: 'truncated', error: { type: 'BufferCapExceeded' } })
  expect(view.bytes).toBeLessThanOrEqual(CAP)
  // What fits stays, to the last whole event; every one of them has its number before it.
  expect(view.bytes).toBeGreaterThan(CAP - 2 * EVENT.length)
  expect(answered).toBeGreaterThan(3)
  expect(waited).toBeLessThan(5_000)
  expect(most - before).toBeLessThan(200_000_000)
  const again = reader(await server.fetch(`/api/chat/resume/${id}?offset=990`))
  expect(failure(await again.rest())?.type).toBe('BufferCapExceeded')
  await response.body?.cancel()
  const next = reader(await server.fetch('/api/chat', question))
  expect(words(await next.rest())).toBe('ok')
})
