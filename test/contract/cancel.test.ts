import { expect, test } from 'vitest'
import type { CancelReceipt, TaskView } from '../../src/protocol.ts'
import { DONE, delta, head, httpChunk, json, raw, silent, sse, stop } from '../rig/answers.ts'
import { says } from '../rig/events.ts'
import { KEY, type Rig, startRig } from '../rig/rig.ts'
import type { Script } from '../rig/upstream.ts'
import { gate } from '../rig/wait.ts'
import { refusal } from './refusal.ts'

const cancel = (rig: Rig, id: string) => rig.fetch(`/api/chat/cancel/${id}`, { method: 'POST' })
const receipt = async (rig: Rig, id: string) => {
  const response = await cancel(rig, id)
  expect(response.status).toBe(200)
  const told = (await response.json()) as CancelReceipt
  expect(told).toEqual({
    status: 'cancelled',
    agent: { closed_ms: expect.any(Number), turn_cancelled: told.agent.turn_cancelled },
  })
  expect(told.agent.closed_ms).toBeGreaterThanOrEqual(0)
  return told
}
const CANCELLED = { kind: 'comment', text: 'cancelled' }
const running = async (rig: Rig) => {
  rig.agent.play('POST /api/chat', sse(delta('a'), gate(), DONE))
  const stream = await rig.chat()
  await stream.until(says('"a"'))
  return stream
}

test('a cancelled answer keeps what was buffered, says so, and ends, now and on every resume', async () => {
  await using rig = await startRig()
  const stream = await running(rig)
  const other = await rig.resume(stream.taskId)
  await receipt(rig, stream.taskId)
  const items = await stream.rest()
  expect(items).toMatchObject([{ kind: 'event', id: '0' }, CANCELLED])
  expect(String(await stream.bytes())).toMatch(/\n\n: cancelled\n\n$/)
  expect(await other.rest()).toEqual(items)
  expect(await (await rig.resume(stream.taskId)).rest()).toEqual(items)
  expect(await (await rig.resume(stream.taskId, 1)).rest()).toEqual([CANCELLED])
  const view = (await (await rig.fetch(`/api/chat/task/${stream.taskId}`)).json()) as TaskView
  expect(view).toMatchObject({ status: 'cancelled', error: null, finished_at: expect.any(String) })
})

test("the agent's connection is closed, and the agent is told which call it was", async () => {
  await using rig = await startRig()
  const stream = await running(rig)
  const call = await rig.agent.called('POST /api/chat')
  await receipt(rig, stream.taskId)
  await call.closed
  const told = await rig.agent.called('POST /api/turn/cancel')
  expect(await told.json()).toEqual({ request_id: call.headers['x-request-id'] })
  expect(told.headers['x-ghost-key']).toBe(KEY)
  expect(told.headers['content-type']).toMatch(/^application\/json/)
})

test.each<readonly [boolean | null, string, Script]>([
  [true, 'agreed', json(200, { cancelled: true })],
  [false, 'failed', json(500, { error: 'no' })],
  [null, 'has no such endpoint', json(404, { detail: 'Not Found' })],
])('the receipt says %j when the agent %s', async (expected, _how, script) => {
  await using rig = await startRig()
  rig.agent.play('POST /api/turn/cancel', script)
  const stream = await running(rig)
  expect((await receipt(rig, stream.taskId)).agent.turn_cancelled).toBe(expected)
})

test('an agent that does not answer holds up the receipt for 2 s at most, and the readers not at all', async () => {
  await using rig = await startRig()
  rig.agent.play('POST /api/turn/cancel', silent)
  const stream = await running(rig)
  const asked = performance.now()
  const answer = receipt(rig, stream.taskId)
  await (await rig.agent.called('POST /api/chat')).closed
  await Promise.race([stream.rest(), answer.then(() => Promise.reject(new Error('the receipt was first')))])
  expect((await answer).agent.turn_cancelled).toBe(false)
  expect(performance.now() - asked).toBeLessThan(5_000)
})

test('an agent that has gone meanwhile is no hindrance', async () => {
  await using rig = await startRig()
  rig.agent.play('POST /api/turn/cancel', (call) => call.rst())
  const stream = await running(rig)
  expect((await receipt(rig, stream.taskId)).agent.turn_cancelled).toBe(false)
  expect((await stream.rest()).at(-1)).toEqual(CANCELLED)
})

test('F52: an answer can be cancelled before the agent has said a byte', async () => {
  await using rig = await startRig()
  rig.agent.play('POST /api/chat', silent)
  const stream = await rig.chat()
  const call = await rig.agent.called('POST /api/chat')
  await receipt(rig, stream.taskId)
  await call.closed
  expect(await stream.rest()).toEqual([CANCELLED])
  const told = await rig.agent.called('POST /api/turn/cancel')
  expect(await told.json()).toEqual({ request_id: call.headers['x-request-id'] })
})

test('F52: an answer can be cancelled at once, before the agent has even been reached', async () => {
  await using rig = await startRig()
  rig.agent.play('POST /api/chat', silent)
  for (let n = 0; n < 20; n += 1) {
    const stream = await rig.chat()
    expect((await cancel(rig, stream.taskId)).status).toBe(200)
    expect(await stream.rest()).toEqual([CANCELLED])
  }
  for (const call of rig.agent.callsOf('POST /api/chat')) await call.closed
})

test('F52: an answer can be cancelled in the middle of an event, which is then whole or absent', async () => {
  await using rig = await startRig()
  const chunked = head('200 OK', 'content-type: text/event-stream', 'transfer-encoding: chunked')
  const half = delta('b').slice(0, 30)
  rig.agent.play('POST /api/chat', raw(chunked, httpChunk(delta('a')), httpChunk(half), gate()))
  const stream = await rig.chat()
  await stream.until(says('"a"'))
  await receipt(rig, stream.taskId)
  const items = await stream.rest()
  expect(items.at(-1)).toEqual(CANCELLED)
  expect(items[0]).toMatchObject({ id: '0' })
})

test('F52, A61: what is done or unknown cannot be cancelled', async () => {
  await using rig = await startRig()
  const stream = await rig.chat()
  const whole = await stream.rest()
  for (const id of [stream.taskId, '00000000-0000-4000-8000-000000000000', '__proto__', 'x'])
    expect(await refusal(await cancel(rig, id))).toMatchObject({ status: 404, code: 'not_found_or_done' })
  expect(await (await rig.resume(stream.taskId)).rest()).toEqual(whole)
  expect(rig.agent.callsOf('POST /api/turn/cancel')).toEqual([])
})

test('F52, A61: of a hundred cancellations at once one is the first, and the rest came too late', async () => {
  await using rig = await startRig()
  const stream = await running(rig)
  const answers = await Promise.all(Array.from({ length: 100 }, () => cancel(rig, stream.taskId)))
  const statuses = answers.map(({ status }) => status).sort()
  expect(statuses).toEqual([200, ...Array<number>(99).fill(404)])
  expect(rig.agent.callsOf('POST /api/turn/cancel')).toHaveLength(1)
  expect((await cancel(rig, stream.taskId)).status).toBe(404)
})

test('nothing that the agent says after the receipt is ever shown', async () => {
  await using rig = await startRig()
  const late = gate()
  rig.agent.play('POST /api/chat', async (call) => {
    await call.read()
    call.head(200, { 'content-type': 'text/event-stream' })
    await call.write(delta('a'))
    await late.opened
    void call.raw(httpChunk(delta('late')))
    call.end(stop() + DONE)
  })
  const stream = await rig.chat()
  await stream.until(says('"a"'))
  await receipt(rig, stream.taskId)
  late.open()
  expect((await stream.rest()).at(-1)).toEqual(CANCELLED)
  expect(String(await (await rig.resume(stream.taskId)).bytes())).not.toContain('late')
})

test('A61: cancelling one answer leaves the others alone, and a GET cancels nothing', async () => {
  await using rig = await startRig()
  const end = gate()
  rig.agent.play('POST /api/chat', sse(delta('a'), end, delta('b'), DONE))
  const [one, two] = [await rig.chat(), await rig.chat()]
  await one.until(says('"a"'))
  await two.until(says('"a"'))
  expect((await rig.fetch(`/api/chat/cancel/${two.taskId}`)).status).toBeGreaterThanOrEqual(404)
  await receipt(rig, one.taskId)
  end.open()
  expect((await two.rest()).at(-1)).toMatchObject({ data: '[DONE]' })
  expect((await one.rest()).at(-1)).toEqual(CANCELLED)
})
