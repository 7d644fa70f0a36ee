import { expect, test } from 'vitest'
import type { TaskView } from '../../src/protocol.ts'
import { startAgent } from '../rig/agent.ts'
import { DONE, delta, sse, stop } from '../rig/answers.ts'
import { failure, says, words } from '../rig/events.ts'
import { Passage } from '../rig/passage.ts'
import { startRig } from '../rig/rig.ts'
import type { Upstream } from '../rig/upstream.ts'
import { eventually, gate, within } from '../rig/wait.ts'

const SAID = Array.from({ length: 60 }, (_, n) => `word ${n} é😀 `)

/** An agent at the end of a way. */
async function farAgent(): Promise<Upstream & AsyncDisposable> {
  const agent = await startAgent()
  return Object.assign(agent, { [Symbol.asyncDispose]: () => agent.close() })
}

test('F21: when the way to the agent dies without a word the answer fails at the time limit, and its connection is let go', async () => {
  await using agent = await farAgent()
  await using way = await Passage.open(agent.port)
  await using rig = await startRig({
    env: { GHOST_AGENT_URL: `http://127.0.0.1:${way.port}`, GHOST_CHAT_TIMEOUT: '1' },
  })
  const more = gate()
  agent.play('POST /api/chat', sse(delta('a'), more, delta('b'), DONE), sse(delta('next'), DONE))
  const stream = await rig.chat()
  await stream.until(says('"a"'))
  way.stall()
  more.open()
  const items = await stream.rest()
  expect(failure(items)?.type).toBe('UpstreamTimeout')
  expect(words(items.slice(0, -1))).toBe('a')
  await using again = await Passage.open(agent.port)
  expect(again.port).not.toBe(way.port)
  await eventually('nothing of it runs', async () =>
    /^ghost_active_tasks 0$/m.test(await (await rig.fetch('/metrics')).text()),
  )
})

const SLOW = [
  { name: 'of one byte at a time', pieceBytes: 1, everyMs: () => 0 },
  { name: 'of 8 kB a second, in jerks', pieceBytes: 400, everyMs: () => 20 + Math.random() * 60 },
  { name: 'with a second of delay', pieceBytes: 1 << 20, everyMs: () => 1_000 },
]

test.each(SLOW)(
  'F22, F6: over a way $name to the agent everything comes as it was, only later',
  async (slowness) => {
    await using agent = await farAgent()
    await using way = await Passage.open(agent.port, slowness)
    await using rig = await startRig({ env: { GHOST_AGENT_URL: `http://127.0.0.1:${way.port}` } })
    agent.play('POST /api/chat', sse(...SAID.map(delta), stop(), DONE))
    const stream = await rig.chat()
    const bytes = await stream.bytes()
    expect(words(stream.items)).toBe(SAID.join(''))
    expect(failure(stream.items)).toBeUndefined()
    expect(await (await rig.resume(stream.taskId)).bytes()).toEqual(bytes)
  },
)

test.each(SLOW)(
  'F22: over a way $name to the reader everything comes as it was, only later',
  async (slowness) => {
    await using rig = await startRig()
    await using way = await Passage.open(rig.port, slowness)
    rig.agent.play('POST /api/chat', sse(...SAID.map(delta), stop(), DONE))
    const stream = await rig.chat()
    const whole = await stream.bytes()
    const response = await fetch(`http://127.0.0.1:${way.port}/api/chat/resume/${stream.taskId}`, {
      headers: { 'x-ghost-key': rig.key },
    })
    expect(Buffer.from(await response.arrayBuffer())).toEqual(whole)
  },
)

test('F23: an agent whose name nobody knows is told in words, and delays nobody else', async () => {
  await using rig = await startRig({
    env: { GHOST_AGENT_URL: 'http://nobody.invalid:9', GHOST_CHAT_CONNECT_TIMEOUT: '3' },
  })
  const streams = await Promise.all(Array.from({ length: 10 }, () => rig.chat()))
  expect((await within('the page', rig.fetch('/healthz'), 1_000)).status).toBe(200)
  for (const stream of streams) {
    expect(['UpstreamError', 'UpstreamTimeout']).toContain(failure(await stream.rest())?.type)
    const view = (await (await rig.fetch(`/api/chat/task/${stream.taskId}`)).json()) as TaskView
    expect(view.status).toBe('failed')
  }
  const plain = await rig.post('/api/chat', { messages: [] })
  expect([502, 504]).toContain(plain.status)
})
