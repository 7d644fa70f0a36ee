import { expect, test } from 'vitest'
import { DONE, delta, sse, stop } from '../rig/answers.ts'
import { says, words } from '../rig/events.ts'
import { startRig } from '../rig/rig.ts'
import { eventually, gate } from '../rig/wait.ts'
import { refusal } from './refusal.ts'

const KEYED = { 'idempotency-key': 'send-1' }

test('a second question under the same key joins the first from its start and asks no agent', async () => {
  await using rig = await startRig()
  const rest = gate()
  rig.agent.play('POST /api/chat', sse(delta('a'), rest, delta('b'), stop(), DONE))
  const first = await rig.chat({}, KEYED)
  await first.until(says('"a"'))
  const second = await rig.chat({}, KEYED)
  expect(second.status).toBe(200)
  expect(second.taskId).toBe(first.taskId)
  await second.until(says('"a"'))
  rest.open()
  expect(await second.bytes()).toEqual(await first.bytes())
  const third = await rig.chat({}, KEYED)
  expect(third.taskId).toBe(first.taskId)
  expect(await third.bytes()).toEqual(await first.bytes())
  expect(rig.agent.calls).toHaveLength(1)
})

test('twenty at once start one answer', async () => {
  await using rig = await startRig()
  const streams = await Promise.all(Array.from({ length: 20 }, () => rig.chat({}, KEYED)))
  expect(new Set(streams.map(({ taskId }) => taskId)).size).toBe(1)
  for (const stream of streams) expect(words(await stream.rest())).toBe('hello')
  expect(rig.agent.calls).toHaveLength(1)
})

test('the same key with another body is a conflict', async () => {
  await using rig = await startRig()
  const first = await rig.chat({ temperature: 1 }, KEYED)
  await first.rest()
  const response = await rig.post(
    '/api/chat',
    { messages: [{ role: 'user', content: 'other' }], stream: true },
    KEYED,
  )
  expect(await refusal(response)).toMatchObject({ status: 409, code: 'idempotency_conflict' })
  expect(rig.agent.calls).toHaveLength(1)
})

test('other keys, and none, are other answers', async () => {
  await using rig = await startRig()
  const keys = ['a', 'A', 'b', '!', '~'.repeat(128)]
  const streams = await Promise.all(keys.map((key) => rig.chat({}, { 'idempotency-key': key })))
  streams.push(await rig.chat(), await rig.chat())
  expect(new Set(streams.map(({ taskId }) => taskId)).size).toBe(7)
  for (const stream of streams) await stream.rest()
  expect(rig.agent.calls).toHaveLength(7)
})

test('a key is free again when its answer is forgotten', async () => {
  await using rig = await startRig({ env: { GHOST_TASK_TTL: '0.1' }, timing: { sweepMs: 20 } })
  const first = await rig.chat({}, KEYED)
  await first.rest()
  await eventually('the answer is forgotten', async () => {
    const response = await rig.fetch(`/api/chat/task/${first.taskId}`)
    await response.text()
    return response.status === 404
  })
  const second = await rig.chat({ temperature: 2 }, KEYED)
  expect(second.status).toBe(200)
  expect(second.taskId).not.toBe(first.taskId)
})

test('a key whose answer was refused for want of room is not taken', async () => {
  await using rig = await startRig({ env: { GHOST_TASK_LIMIT: '1' } })
  const end = gate()
  rig.agent.play('POST /api/chat', sse(delta('a'), end, DONE))
  const live = await rig.chat()
  expect((await rig.chat({}, KEYED)).status).toBe(503)
  end.open()
  await live.rest()
  const second = await rig.chat({}, KEYED)
  expect(second.status).toBe(200)
  expect(words(await second.rest())).toBe('a')
})
