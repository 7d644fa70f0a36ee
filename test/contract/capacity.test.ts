import { expect, test } from 'vitest'
import type { TaskView } from '../../src/protocol.ts'
import { DONE, delta, head, hello, raw, sse, stop } from '../rig/answers.ts'
import { failure, says, words } from '../rig/events.ts'
import { type Rig, startRig } from '../rig/rig.ts'
import { eventually, gate } from '../rig/wait.ts'
import { refusal } from './refusal.ts'

const question = { messages: [], stream: true }
const view = async (rig: Rig, id: string) =>
  (await (await rig.fetch(`/api/chat/task/${id}`)).json()) as TaskView
const known = async (rig: Rig, id: string) => {
  const response = await rig.fetch(`/api/chat/task/${id}`)
  await response.text()
  return response.status === 200
}
/** An event of exactly so many bytes. */
const event = (bytes: number) => `data: ${'x'.repeat(bytes - 8)}\n\n`

test('when all places are taken by running answers a new one is refused, and no running one is harmed', async () => {
  await using rig = await startRig({ env: { GHOST_TASK_LIMIT: '2' } })
  const end = gate()
  rig.agent.play('POST /api/chat', sse(delta('a'), end, delta('b'), stop(), DONE))
  const live = [await rig.chat(), await rig.chat()]
  for (const stream of live) await stream.until(says('"a"'))
  for (let n = 0; n < 10; n += 1) {
    const response = await rig.post('/api/chat', question)
    expect(Number(response.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
    expect(await refusal(response)).toMatchObject({ status: 503, code: 'at_capacity' })
  }
  expect(rig.agent.callsOf('POST /api/chat')).toHaveLength(2)
  end.open()
  for (const stream of live) expect(words(await stream.rest())).toBe('ab')
})

test('a finished answer makes room for a new one, the oldest first, never a running one', async () => {
  await using rig = await startRig({ env: { GHOST_TASK_LIMIT: '3' } })
  const end = gate()
  rig.agent.play('POST /api/chat', sse(delta('a'), end, DONE), hello)
  const running = await rig.chat()
  await running.until(says('"a"'))
  const [one, two] = [await rig.chat(), undefined]
  await one.rest()
  const second = two ?? (await rig.chat())
  await second.rest()
  const third = await rig.chat()
  expect(third.status).toBe(200)
  await third.rest()
  expect(await known(rig, one.taskId)).toBe(false)
  expect(await known(rig, second.taskId)).toBe(true)
  const fourth = await rig.chat()
  await fourth.rest()
  expect(await known(rig, second.taskId)).toBe(false)
  expect(await known(rig, running.taskId)).toBe(true)
  expect(await refusal(await rig.fetch(`/api/chat/resume/${one.taskId}`))).toMatchObject({
    code: 'task_not_found',
  })
  end.open()
  expect(words(await running.rest())).toBe('a')
})

test('A60, A109: there are never more tasks than the limit, however many ask at once', async () => {
  await using rig = await startRig({ env: { GHOST_TASK_LIMIT: '5' } })
  const end = gate()
  rig.agent.play('POST /api/chat', sse(delta('a'), end, DONE))
  const streams = await Promise.all(Array.from({ length: 30 }, () => rig.chat()))
  expect(streams.filter(({ status }) => status === 200)).toHaveLength(5)
  expect(streams.filter(({ status }) => status === 503)).toHaveLength(25)
  const { tasks } = (await (await rig.fetch('/api/chat/tasks')).json()) as { tasks: TaskView[] }
  expect(tasks).toHaveLength(5)
  end.open()
})

test('an answer over its cap ends there, its agent is closed, and what fitted stays readable', async () => {
  await using rig = await startRig({ env: { GHOST_INTERFACE_STREAM_CAP: '10000' } })
  const never = gate()
  rig.agent.play('POST /api/chat', sse(...Array<string>(20).fill(event(1_000)), never, DONE))
  const stream = await rig.chat()
  const items = await stream.rest()
  expect(failure(items)).toMatchObject({ type: 'BufferCapExceeded', message: expect.stringMatching(/\w/) })
  await (await rig.agent.called('POST /api/chat')).closed
  expect(items.length - 1).toBeGreaterThanOrEqual(8)
  expect(items.length - 1).toBeLessThanOrEqual(10)
  expect(await (await rig.resume(stream.taskId)).rest()).toEqual(items)
  const truncated = await view(rig, stream.taskId)
  expect(truncated).toMatchObject({ status: 'truncated', error: { type: 'BufferCapExceeded' } })
  expect(truncated.bytes).toBeLessThanOrEqual(10_000)
  expect(truncated.chunks).toBe(items.length - 1)
})

test('F17: an answer over its cap is never called done, though its agent has said all of it well', async () => {
  await using rig = await startRig({ env: { GHOST_INTERFACE_STREAM_CAP: '10000' } })
  const body = event(1_000).repeat(20) + DONE
  rig.agent.play(
    'POST /api/chat',
    raw(head('200 OK', 'content-type: text/event-stream', `content-length: ${body.length}`) + body),
  )
  const stream = await rig.chat()
  const items = await stream.rest()
  expect(failure(items)?.type).toBe('BufferCapExceeded')
  expect((await view(rig, stream.taskId)).status).toBe('truncated')
})

test('an answer under its cap is whole', async () => {
  await using rig = await startRig({ env: { GHOST_INTERFACE_STREAM_CAP: '10000' } })
  rig.agent.play('POST /api/chat', sse(...Array<string>(9).fill(event(1_000)), DONE))
  const items = await (await rig.chat()).rest()
  expect(items).toHaveLength(10)
  expect(failure(items)).toBeUndefined()
})

test('A109: all answers in memory stay under the cap of all: the finished ones go first', async () => {
  const env = {
    GHOST_STORE: 'memory',
    GHOST_INTERFACE_STREAM_CAP: '50000',
    GHOST_INTERFACE_TOTAL_STREAM_CAP: '100000',
  }
  await using rig = await startRig({ env })
  rig.agent.play('POST /api/chat', sse(...Array<string>(30).fill(event(1_000)), DONE))
  const ids: string[] = []
  for (let n = 0; n < 8; n += 1) {
    const stream = await rig.chat()
    expect(failure(await stream.rest())).toBeUndefined()
    ids.push(stream.taskId)
  }
  const { tasks } = (await (await rig.fetch('/api/chat/tasks')).json()) as { tasks: TaskView[] }
  expect(tasks.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(100_000)
  expect(tasks.map(({ task_id }) => task_id)).toEqual(ids.slice(-tasks.length).reverse())
  expect(tasks.length).toBeGreaterThanOrEqual(2)
})

test('when running answers alone reach the cap of all, one that grows further is cut, the others live', async () => {
  const env = { GHOST_INTERFACE_TOTAL_STREAM_CAP: '50000' }
  await using rig = await startRig({ env })
  const end = gate()
  const some = Array<string>(20).fill(event(1_000))
  rig.agent.play(
    'POST /api/chat',
    sse(...some, end, DONE),
    sse(...some, end, DONE),
    sse(...some, ...some, end, DONE),
  )
  const first = await rig.chat()
  const second = await rig.chat()
  for (const stream of [first, second]) await stream.atLeast(20_000)
  const greedy = await rig.chat()
  expect(failure(await greedy.rest())?.type).toBe('BufferCapExceeded')
  end.open()
  for (const stream of [first, second]) expect(failure(await stream.rest())).toBeUndefined()
})

test('a finished answer is gone within 5 s after its time, everywhere; a running one stays', async () => {
  await using rig = await startRig({ env: { GHOST_TASK_TTL: '0.3' } })
  const end = gate()
  rig.agent.play('POST /api/chat', sse(delta('a'), end, DONE), hello)
  const running = await rig.chat()
  await running.until(says('"a"'))
  const short = await rig.chat()
  await short.rest()
  expect(await known(rig, short.taskId)).toBe(true)
  await eventually('the finished answer is gone', async () => !(await known(rig, short.taskId)), 5_300)
  expect((await rig.fetch(`/api/chat/resume/${short.taskId}`)).status).toBe(404)
  const { tasks } = (await (await rig.fetch('/api/chat/tasks')).json()) as { tasks: TaskView[] }
  expect(tasks.map(({ task_id }) => task_id)).toEqual([running.taskId])
  end.open()
  expect(words(await running.rest())).toBe('a')
})

test('a finished answer gives its room back after its time, though nobody asks for it', async () => {
  await using rig = await startRig({ env: { GHOST_TASK_TTL: '0.2' } })
  await (await rig.chat()).rest()
  await eventually(
    'no byte is held',
    async () => /^ghost_buffered_bytes 0$/m.test(await (await rig.fetch('/metrics')).text()),
    5_200,
  )
})
