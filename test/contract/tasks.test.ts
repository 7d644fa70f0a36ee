import { expect, test } from 'vitest'
import type { TaskView } from '../../src/protocol.ts'
import { DONE, delta, fin, hello, json, sse, untilClose } from '../rig/answers.ts'
import { says } from '../rig/events.ts'
import { type Rig, startRig } from '../rig/rig.ts'
import { gate } from '../rig/wait.ts'
import { refusal } from './refusal.ts'

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/
const view = async (rig: Rig, id: string) =>
  (await (await rig.fetch(`/api/chat/task/${id}`)).json()) as TaskView
const list = async (rig: Rig) => (await (await rig.fetch('/api/chat/tasks')).json()) as { tasks: TaskView[] }

test('a running answer tells how far it is', async () => {
  await using rig = await startRig()
  const [more, end] = [gate(), gate()]
  rig.agent.play('POST /api/chat', sse(delta('a'), more, delta('b'), end, DONE))
  const before = Date.now()
  const stream = await rig.chat()
  await stream.until(says('"a"'))
  const first = await view(rig, stream.taskId)
  expect(first).toEqual({
    task_id: stream.taskId,
    status: 'running',
    chunks: 1,
    bytes: expect.any(Number),
    created_at: expect.stringMatching(ISO),
    finished_at: null,
    error: null,
  })
  expect(Date.parse(first.created_at)).toBeGreaterThanOrEqual(before - 1)
  expect(Date.parse(first.created_at)).toBeLessThanOrEqual(Date.now())
  more.open()
  await stream.until(says('"b"'))
  const second = await view(rig, stream.taskId)
  expect(second).toMatchObject({ status: 'running', chunks: 2 })
  expect(second.bytes).toBeGreaterThan(first.bytes)
  end.open()
  const bytes = await stream.bytes()
  const last = await view(rig, stream.taskId)
  expect(last).toMatchObject({ status: 'done', chunks: 3, bytes: bytes.length, created_at: first.created_at })
  expect(last.finished_at).toMatch(ISO)
  expect(Date.parse(last.finished_at ?? '')).toBeGreaterThanOrEqual(Date.parse(last.created_at))
})

test('an answer that has not begun is known all the same', async () => {
  await using rig = await startRig()
  rig.agent.play('POST /api/chat', sse(gate()))
  const stream = await rig.chat()
  expect(await view(rig, stream.taskId)).toMatchObject({ status: 'running', chunks: 0, bytes: 0 })
})

test('an answer that failed tells why, in the words of its ending', async () => {
  await using rig = await startRig()
  for (const script of [json(500, { error: 'asleep' }), untilClose(delta('a'), fin)]) {
    rig.agent.play('POST /api/chat', script)
    const stream = await rig.chat()
    const last = (await stream.rest()).at(-1)
    expect(last).toMatchObject({ kind: 'event', event: 'error' })
    const told = await view(rig, stream.taskId)
    expect(told.status).toBe('failed')
    expect(last).toMatchObject({ data: JSON.stringify({ error: told.error }) })
  }
})

test('the list has every answer, the newest first, as it is asked for alone', async () => {
  await using rig = await startRig()
  expect(await list(rig)).toEqual({ tasks: [] })
  rig.agent.play('POST /api/chat', hello, hello, sse(gate()))
  const ids: string[] = []
  for (let n = 0; n < 3; n += 1) {
    const stream = await rig.chat()
    ids.unshift(stream.taskId)
    if (n < 2) await stream.rest()
  }
  const { tasks } = await list(rig)
  expect(tasks.map(({ task_id }) => task_id)).toEqual(ids)
  expect(tasks.map(({ status }) => status)).toEqual(['running', 'done', 'done'])
  for (const task of tasks) expect(task).toEqual(await view(rig, task.task_id))
})

test('an unknown task is not found', async () => {
  await using rig = await startRig()
  for (const id of ['00000000-0000-4000-8000-000000000000', '__proto__', 'constructor', 'x', '%00'])
    expect(await refusal(await rig.fetch(`/api/chat/task/${id}`))).toMatchObject({
      status: 404,
      code: 'task_not_found',
    })
})
