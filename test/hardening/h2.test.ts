import { once } from 'node:events'
import { constants } from 'node:http2'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DONE, delta, silent, sse, stop } from '../rig/answers.ts'
import { type MadeCertificate, makeCertificate } from '../rig/certificate.ts'
import { failure, says, words } from '../rig/events.ts'
import { connect2 } from '../rig/h2.ts'
import { envelope, FORM } from '../rig/multipart.ts'
import { messages, type RigOptions, startRig } from '../rig/rig.ts'
import { gate, within } from '../rig/wait.ts'

let certificate: MadeCertificate
beforeAll(async () => {
  certificate = await makeCertificate()
})
afterAll(() => certificate[Symbol.asyncDispose]())

const startTlsRig = (options: RigOptions = {}) =>
  startRig({ ...options, env: { ...certificate.env, ...options.env } })
const CHAT = { body: JSON.stringify({ messages: messages(), stream: true }) }

test('a streamed chat comes word by word, and is resumed and cancelled on the same connection', async () => {
  await using rig = await startTlsRig()
  await using connection = await connect2(rig.url)
  const rest = gate()
  rig.agent.play('POST /api/chat', sse(delta('a'), rest, delta('b'), stop(), DONE))
  const chat = await connection.ask('POST', '/api/chat', CHAT)
  expect(chat).toMatchObject({ status: 200, headers: { 'content-type': 'text/event-stream' } })
  const events = chat.events()
  await events.until(says('"a"'))
  const id = chat.headers['x-task-id']
  const resumed = (await connection.ask('GET', `/api/chat/resume/${id}?offset=0`)).events()
  await resumed.until(says('"a"'))
  rest.open()
  expect(words(await events.rest())).toBe('ab')
  expect(words(await resumed.rest())).toBe('ab')

  rig.agent.play('POST /api/chat', sse(delta('a'), gate(), DONE))
  const second = await connection.ask('POST', '/api/chat', CHAT)
  const cancelled = second.events()
  await cancelled.until(says('"a"'))
  const receipt = await connection.ask('POST', `/api/chat/cancel/${second.headers['x-task-id']}`)
  expect(await receipt.json()).toMatchObject({ status: 'cancelled', agent: { turn_cancelled: true } })
  expect((await cancelled.rest()).at(-1)).toMatchObject({ kind: 'comment', text: 'cancelled' })
})

test('thirty chats run on one connection, and one more question is answered beside them', async () => {
  await using rig = await startTlsRig()
  await using connection = await connect2(rig.url)
  const end = gate()
  rig.agent.play('POST /api/chat', sse(delta('a'), end, stop(), DONE))
  const chats = await Promise.all(
    Array.from({ length: 30 }, async () => (await connection.ask('POST', '/api/chat', CHAT)).events()),
  )
  await Promise.all(chats.map((chat) => chat.until(says('"a"'))))
  expect((await connection.ask('GET', '/healthz')).status).toBe(200)
  end.open()
  for (const chat of chats) expect(words(await chat.rest())).toBe('a')
})

test('a reader that leaves changes nothing: the answer goes on and another reads it', async () => {
  await using rig = await startTlsRig()
  await using connection = await connect2(rig.url)
  const rest = gate()
  rig.agent.play('POST /api/chat', sse(delta('a'), rest, delta('b'), stop(), DONE))
  const chat = await connection.ask('POST', '/api/chat', CHAT)
  await chat.events().until(says('"a"'))
  chat.stream.close(constants.NGHTTP2_CANCEL)
  await once(chat.stream, 'close')
  rest.open()
  const resumed = await connection.ask('GET', `/api/chat/resume/${chat.headers['x-task-id']}`)
  expect(words(await resumed.events().rest())).toBe('ab')
})

test('who gives up a question that is not streamed has the agent given it up too', async () => {
  await using rig = await startTlsRig()
  await using connection = await connect2(rig.url)
  rig.agent.play('POST /api/chat', silent)
  const { stream } = connection.open('POST', '/api/chat')
  stream.end('{"messages":[]}')
  const call = await rig.agent.called('POST /api/chat')
  stream.close(constants.NGHTTP2_CANCEL)
  await within('the end of the call', call.closed)
})

test.each([
  ['GET', '/api/chat/resume/none', 404, 'task_not_found'],
  ['GET', '/api/download/..%2fa', 400, 'invalid_path'],
  ['GET', '/api/download/%', 400, 'invalid_path'],
  ['POST', '/api/chat', 400, 'invalid_json'],
  ['GET', '/nowhere', 404, 'not_found'],
])('%s %s is refused with %i %s', async (method, path, status, code) => {
  await using rig = await startTlsRig()
  await using connection = await connect2(rig.url)
  const answer = await connection.ask(method, path)
  expect(answer.status).toBe(status)
  expect(answer.headers['x-content-type-options']).toBe('nosniff')
  expect(await answer.json()).toMatchObject({ code })
})

test('A1: without the key there is 401, and the connection goes on', async () => {
  await using rig = await startTlsRig()
  await using connection = await connect2(rig.url)
  const { stream, answer } = connection.open('POST', '/api/upload', { ...FORM, 'x-ghost-key': 'wrong' })
  stream.write(envelope().before)
  const refused = await within('the refusal', answer)
  expect(refused.status).toBe(401)
  expect(await refused.json()).toMatchObject({ code: 'unauthorized' })
  expect((await connection.ask('GET', '/api/chat/tasks')).status).toBe(200)
  expect(rig.agent.calls).toEqual([])
})

test('SIGTERM gives a running answer its time, interrupts the rest and lets nobody in', async () => {
  const rig = await startTlsRig({ timing: { drainMs: 1_000 } })
  await using connection = await connect2(rig.url)
  const end = gate()
  rig.agent.play('POST /api/chat', sse(delta('a'), end, stop(), DONE), sse(delta('b'), gate(), DONE))
  const first = (await connection.ask('POST', '/api/chat', CHAT)).events()
  await first.until(says('"a"'))
  const second = (await connection.ask('POST', '/api/chat', CHAT)).events()
  await second.until(says('"b"'))
  const closed = rig.gateway.close()
  await once(connection.session, 'goaway')
  await expect(rig.stranger('/healthz')).rejects.toThrow()
  end.open()
  expect(failure(await first.rest())).toBeUndefined()
  expect(failure(await second.rest())).toMatchObject({ type: 'Interrupted' })
  await within('the end', closed, 5_000)
  await rig[Symbol.asyncDispose]()
})

test('a reader that takes nothing is cut off and may resume', async () => {
  await using rig = await startTlsRig({ timing: { stallMs: 200 } })
  await using connection = await connect2(rig.url)
  const text = 'x'.repeat(2_000_000)
  rig.agent.play('POST /api/chat', sse(delta(text), stop(), DONE))
  const chat = await connection.ask('POST', '/api/chat', CHAT)
  chat.stream.pause()
  await within(
    'the cut',
    once(chat.stream, 'close').catch(() => {}),
  )
  expect(chat.stream.rstCode).not.toBe(constants.NGHTTP2_NO_ERROR)
  const resumed = await connection.ask('GET', `/api/chat/resume/${chat.headers['x-task-id']}`)
  expect(words(await resumed.events().rest())).toBe(text)
})
