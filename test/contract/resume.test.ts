import { expect, test } from 'vitest'
import { DONE, delta, sse, stop } from '../rig/answers.ts'
import { isEvent, says, words } from '../rig/events.ts'
import { type Rig, startRig } from '../rig/rig.ts'
import { gate, pending } from '../rig/wait.ts'
import { refusal } from './refusal.ts'

const LETTERS = ['a', 'b', 'c', 'd']
const alphabet = sse(...LETTERS.map(delta), stop(), DONE)

const finished = async (rig: Rig) => {
  rig.agent.play('POST /api/chat', alphabet)
  const stream = await rig.chat()
  await stream.rest()
  return stream
}
const from = (rig: Rig, id: string, query: string, headers: Record<string, string> = {}) =>
  rig.stream(`/api/chat/resume/${id}${query}`, { headers })

test('an offset is the number of the first chunk that comes', async () => {
  await using rig = await startRig()
  const { taskId, items } = await finished(rig)
  for (let n = 0; n <= items.length; n += 1) {
    const stream = await from(rig, taskId, `?offset=${n}`)
    expect(stream.status).toBe(200)
    expect(stream.headers.get('content-type')).toMatch(/^text\/event-stream/)
    expect(await stream.rest()).toEqual(items.slice(n))
  }
})

test('without an offset everything comes', async () => {
  await using rig = await startRig()
  const { taskId, items } = await finished(rig)
  expect(await (await from(rig, taskId, '')).rest()).toEqual(items)
})

test('A58: Last-Event-ID K means from K + 1, and an offset goes before it', async () => {
  await using rig = await startRig()
  const { taskId, items } = await finished(rig)
  expect(await (await from(rig, taskId, '', { 'last-event-id': '0' })).rest()).toEqual(items.slice(1))
  expect(await (await from(rig, taskId, '', { 'last-event-id': '3' })).rest()).toEqual(items.slice(4))
  expect(await (await from(rig, taskId, '?offset=2', { 'last-event-id': '4' })).rest()).toEqual(
    items.slice(2),
  )
  expect(await (await from(rig, taskId, '?offset=0', { 'last-event-id': '4' })).rest()).toEqual(items)
})

test.each([
  '-1',
  '-0',
  '1.5',
  '1.0',
  'abc',
  '',
  '%20',
  '%201',
  '1%20',
  '1e3',
  '0x10',
  '%2B1',
  'NaN',
  'Infinity',
  '1%00',
  '%EF%BC%91',
  '[]',
  'true',
  '1&offset=2',
  '9007199254740992',
  '9'.repeat(400),
])('A56: an offset of %s is no number of a chunk', async (offset) => {
  await using rig = await startRig()
  const { taskId } = await finished(rig)
  const response = await rig.fetch(`/api/chat/resume/${taskId}?offset=${offset}`)
  expect(await refusal(response)).toMatchObject({ status: 400, code: 'invalid_offset' })
})

test.each(['abc', '-1', '1.5', '1, 2', '0x1', '9007199254740991', '9'.repeat(4_000)])(
  'A58: a Last-Event-ID of %s is no number of a chunk',
  async (id) => {
    await using rig = await startRig()
    const { taskId } = await finished(rig)
    const headers = { 'last-event-id': id }
    const response = await rig.fetch(`/api/chat/resume/${taskId}`, { headers })
    expect(await refusal(response)).toMatchObject({ status: 400, code: 'invalid_offset' })
  },
)

test.each([
  '00000000-0000-4000-8000-000000000000',
  'x',
  '__proto__',
  'constructor',
  'toString',
  '%00',
  '..%2f..%2fetc',
  'x'.repeat(90),
])('A59: a task %s that nobody knows is not found', async (id) => {
  await using rig = await startRig()
  await finished(rig)
  const response = await rig.fetch(`/api/chat/resume/${id}?offset=0`)
  expect(await refusal(response)).toMatchObject({ status: 404, code: 'task_not_found' })
})

test('a resume never starts the agent', async () => {
  await using rig = await startRig()
  const { taskId } = await finished(rig)
  await (await from(rig, taskId, '')).rest()
  await rig.fetch('/api/chat/resume/00000000-0000-4000-8000-000000000000')
  expect(rig.agent.calls).toHaveLength(1)
})

test('A57: past the end of a running answer a reader waits for what comes', async () => {
  await using rig = await startRig()
  const [first, rest] = [gate(), gate()]
  rig.agent.play('POST /api/chat', sse(delta('a'), first, delta('b'), rest, delta('c'), DONE))
  const stream = await rig.chat()
  await stream.until(says('"a"'))
  const ahead = await from(rig, stream.taskId, '?offset=2')
  const next = ahead.next()
  first.open()
  await stream.until(says('"b"'))
  expect(await pending(next)).toBe(true)
  rest.open()
  expect(await next).toMatchObject({ id: '2' })
  expect((await ahead.rest()).filter(isEvent).map(({ id }) => id)).toEqual(['2', '3'])
})

test('A57: past the end of a finished answer there is only its end', async () => {
  await using rig = await startRig()
  const { taskId, items } = await finished(rig)
  for (const offset of [items.length, items.length + 1, 1_000_000, 9_007_199_254_740_991]) {
    const stream = await from(rig, taskId, `?offset=${offset}`)
    expect([offset, stream.status]).toEqual([offset, 200])
    expect(await stream.rest()).toEqual([])
  }
})

test('what is buffered comes at once, then what is live, then the end', async () => {
  await using rig = await startRig()
  const rest = gate()
  rig.agent.play('POST /api/chat', sse(delta('a'), delta('b'), rest, delta('c'), DONE))
  const stream = await rig.chat()
  await stream.until(says('"b"'))
  stream.leave()
  const again = await rig.resume(stream.taskId, 1)
  await again.until(says('"b"'))
  rest.open()
  expect(words(await again.rest())).toBe('bc')
})
