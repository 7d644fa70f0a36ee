import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import type { TaskView } from '../../src/protocol.ts'
import { DONE, delta, sse, stop } from '../rig/answers.ts'
import { isEvent, isPing, says, words } from '../rig/events.ts'
import { established } from '../rig/kernel.ts'
import { KEY, type Rig, startRig } from '../rig/rig.ts'
import { eventually, gate } from '../rig/wait.ts'
import { parseAnswer, type Wire } from '../rig/wire.ts'

const PIECE = Buffer.from(delta(randomBytes(48 * 1024).toString('base64')))
const flood = (count: number) => sse(...Array<Buffer>(count).fill(PIECE), stop(), DONE)

const statusOf = async (rig: Rig, id: string) =>
  ((await (await rig.fetch(`/api/chat/task/${id}`)).json()) as TaskView).status
const finished = (rig: Rig, id: string) =>
  eventually('the task is done', async () => (await statusOf(rig, id)) === 'done')

const post = (wire: Wire, headers: readonly string[] = [], body = '{"messages":[],"stream":true}') =>
  wire.write(
    [
      'POST /api/chat HTTP/1.1',
      'Host: a',
      `X-Ghost-Key: ${KEY}`,
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
      ...headers,
      '',
      body,
    ].join('\r\n'),
  )
const taskIdOf = async (wire: Wire) => parseAnswer(await wire.until('\r\n\r\n')).header('x-task-id') ?? ''
const resume = (wire: Wire, id: string, connection = 'close') =>
  wire.write(
    `GET /api/chat/resume/${id} HTTP/1.1\r\nHost: a\r\nX-Ghost-Key: ${KEY}\r\nConnection: ${connection}\r\n\r\n`,
  )

test('while nothing comes a reader is told so, and pings are no chunks', async () => {
  await using rig = await startRig({ timing: { pulseMs: 20 } })
  const [first, second] = [gate(), gate()]
  rig.agent.play('POST /api/chat', sse(first, delta('a'), second, delta('b'), DONE))
  const stream = await rig.chat()
  await stream.until(isPing)
  await stream.until(isPing)
  first.open()
  await stream.until(says('"a"'))
  await stream.until(isPing)
  second.open()
  const items = await stream.rest()
  expect(items.filter(isEvent).map(({ id }) => id)).toEqual(['0', '1', '2'])
  expect(words(items)).toBe('ab')
  const again = await (await rig.resume(stream.taskId)).rest()
  expect(again.filter(isEvent)).toEqual(items.filter(isEvent))
  expect(again.filter(isPing)).toEqual([])
})

test('a ping never stands inside an event that is still coming', async () => {
  await using rig = await startRig({ timing: { pulseMs: 20 } })
  const rest = gate()
  const event = delta('whole')
  rig.agent.play('POST /api/chat', sse(event.slice(0, 20), rest, event.slice(20), DONE))
  const stream = await rig.chat()
  await stream.until(isPing)
  await stream.until(isPing)
  rest.open()
  const items = await stream.rest()
  expect(words(items)).toBe('whole')
  expect(
    String(await stream.bytes())
      .replaceAll(/^: ?ping\n\n/gm, '')
      .replaceAll(/^id: \d+\n/gm, ''),
  ).toBe(event + DONE)
})

test('F25: a client that half-closes after its request still gets its answer', async () => {
  await using rig = await startRig()
  const gates = [gate(), gate()]
  rig.agent.play('POST /api/chat', sse(delta('a'), ...gates, delta('b'), stop(), DONE))
  const wire = rig.wire()
  await post(wire)
  wire.finish()
  await wire.until('"a"')
  for (const it of gates) it.open()
  await wire.until('[DONE]')
  const late = rig.wire()
  await resume(late, await taskIdOf(wire))
  late.finish()
  await late.until('[DONE]')
  const plain = rig.wire()
  await post(plain, ['Connection: close'], '{"messages":[]}')
  plain.finish()
  expect((await plain.answer()).status).toBe(200)
})

test('F26: a reader that stops reading slows neither the agent nor another reader', async () => {
  await using rig = await startRig()
  rig.agent.play('POST /api/chat', flood(400))
  const stopped = rig.wire()
  stopped.socket.pause()
  await post(stopped)
  stopped.socket.once('readable', () => {})
  const id = await eventually('the task is known', async () => {
    const { tasks } = (await (await rig.fetch('/api/chat/tasks')).json()) as { tasks: TaskView[] }
    return tasks[0]?.task_id
  })
  const healthy = await rig.resume(id)
  const bytes = await healthy.bytes()
  expect(bytes.length).toBeGreaterThan(400 * PIECE.length)
  await finished(rig, id)
  expect(established(rig.port, stopped.socket.localPort)).toBe(true)
})

test('F26: a reader that takes nothing for too long is closed, and may resume', async () => {
  await using rig = await startRig({ timing: { stallMs: 300 } })
  rig.agent.play('POST /api/chat', flood(400))
  const stream = await rig.chat()
  await finished(rig, stream.taskId)
  stream.leave()
  const stalled = rig.wire()
  stalled.socket.pause()
  await resume(stalled, stream.taskId)
  await eventually('the connection is there', () => established(rig.port, stalled.socket.localPort))
  await eventually('the stalled reader is closed', () => !established(rig.port, stalled.socket.localPort))
  const again = await rig.resume(stream.taskId)
  expect((await again.bytes()).length).toBeGreaterThan(400 * PIECE.length)
})

/** To look through all of it again and again would be slower than the reader. */
const TAIL = 200

test('F27: a reader that is slow but moves is not closed', async () => {
  await using rig = await startRig({ timing: { stallMs: 1_000 } })
  rig.agent.play('POST /api/chat', flood(300))
  const stream = await rig.chat()
  await finished(rig, stream.taskId)
  stream.leave()
  const wire = rig.wire()
  const sips = wire.sip(5)
  await resume(wire, stream.taskId)
  const heard = await eventually(
    'the end',
    () => (wire.heard.slice(-TAIL).includes('[DONE]') ? wire.heard : undefined),
    30_000,
  )
  expect(heard.length).toBeGreaterThan(300 * PIECE.length)
  expect(sips()).toBeGreaterThan(10)
})

test('F24: readers that come and go by the hundred leave nothing behind', async () => {
  await using rig = await startRig()
  const end = gate()
  rig.agent.play('POST /api/chat', sse(delta('a'), end, delta('b'), stop(), DONE))
  const stream = await rig.chat()
  await stream.until(says('"a"'))
  for (let n = 0; n < 200; n += 1) {
    const wire = rig.wire()
    await resume(wire, stream.taskId)
    await wire.until('"a"')
    if (n % 2 === 0) wire.reset()
    else wire.leave()
    await eventually('its connection is gone', () => !established(rig.port, wire.socket.localPort))
  }
  end.open()
  expect(words(await stream.rest())).toBe('ab')
})

test('readers that wait behind another one on a connection go with it', async () => {
  await using rig = await startRig()
  const end = gate()
  rig.agent.play('POST /api/chat', sse(delta('a'), end, delta('b'), stop(), DONE))
  const stream = await rig.chat()
  await stream.until(says('"a"'))
  const reading = async () => /^ghost_readers (\d+)$/m.exec(await (await rig.fetch('/metrics')).text())?.[1]
  const wire = rig.wire()
  for (let n = 0; n < 12; n += 1) await resume(wire, stream.taskId, 'keep-alive')
  await eventually('all of them read', async () => (await reading()) === '13')
  wire.reset()
  await eventually('they are gone', async () => (await reading()) === '1')
  end.open()
  expect(words(await stream.rest())).toBe('ab')
})
