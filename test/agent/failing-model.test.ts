import { createConnection } from 'node:net'
import { expect, test } from 'vitest'
import { hear, KEY, type Rig, read, startRig, until } from './rig.ts'
import { call, DONE, event, HELLO, type Line, LLM_KEY, say, startBoth, startModel } from './scripted.ts'

async function refusal(rig: Rig, init?: RequestInit) {
  const response = await rig.chat('hello', init)
  return { status: response.status, ...(await read<{ error: string; code: string }>(response)) }
}

test('answers with a status when the model fails before its first word', async () => {
  const failing =
    (status: number, body: string): Line =>
    (response) =>
      response.writeHead(status).end(body)
  const cases: readonly (readonly [Line, number, string, string])[] = [
    [
      failing(401, '{"error":{"message":"bad key the-key-of-the-model"}}'),
      502,
      'model_refused',
      'the model server answered 401: bad key [key]',
    ],
    [
      failing(404, '{"error":"model not found"}'),
      502,
      'model_error',
      'the model server answered 404: model not found',
    ],
    [failing(429, '{"detail":"slow down"}'), 429, 'model_busy', 'the model server answered 429: slow down'],
    [failing(500, ''), 502, 'model_error', 'the model server answered 500: Internal Server Error'],
    [
      failing(503, '<html>busy</html>'),
      502,
      'model_error',
      'the model server answered 503: <html>busy</html>',
    ],
    [event({ error: { message: 'out of memory' } }), 502, 'model_error', 'out of memory'],
    ['event: error\ndata: plain words\n\n', 502, 'model_error', 'plain words'],
    ['data: {"detail":[{"msg":"field"}]}\n\n', 502, 'model_error', 'field'],
  ]
  for (const [line, status, code, error] of cases) {
    await using both = await startBoth(line)
    expect(await refusal(both.rig)).toEqual({ status, code, error })
    expect(both.model.asked).toHaveLength(1)
    expect(await both.rig.log()).toMatch(/❌ ERROR : [^\n]+\n[^\n]+REQUEST FINISHED : failed/)
  }
})

test('says so when there is no model server', async () => {
  const { url } = await startModel().then(async (model) => {
    await model[Symbol.asyncDispose]()
    return model
  })
  await using rig = await startRig({ llm: { url, model: 'm', key: undefined } })
  const { status, code, error } = await refusal(rig)
  expect([status, code]).toEqual([502, 'model_unreachable'])
  expect(error).toContain(`no answer from the model server at ${url}`)
})

test('tells an error in the middle as an event, and takes nothing after it for answer', async () => {
  const errors: readonly (readonly [string, string])[] = [
    [event({ error: { message: 'the provider is gone', code: 502 } }), 'the provider is gone'],
    ['event: error\ndata: {"detail":"no more"}\n\n', 'no more'],
    ['event: error\ndata: {"error":{"message":{"text":"deep"}}}\n\n', '{"text":"deep"}'],
    ['data: not json\n\n', 'not json'],
  ]
  for (const [error, message] of errors) {
    await using both = await startBoth(HELLO + error + say({ content: ' never' }) + say({}, 'stop') + DONE)
    const heard = await hear(await both.rig.chat('hi'))
    expect(heard).toMatchObject({ text: 'hello', done: false, error: { message, type: 'model_error' } })
  }
})

test('takes an answer for complete only if the model said that it was', async () => {
  const cases: readonly (readonly [string, boolean])[] = [
    [say({}, 'stop'), true],
    [DONE, true],
    ['', false],
  ]
  for (const [ending, complete] of cases) {
    await using both = await startBoth(HELLO + ending)
    const heard = await hear(await both.rig.chat('hi'))
    expect([heard.text, heard.done, heard.error === undefined]).toEqual(['hello', complete, complete])
  }
})

test('stops at the model when the turn is cancelled', async () => {
  await using both = await startBoth((response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write(HELLO)
  })
  const response = await both.rig.chat('hi', { headers: { 'x-request-id': 'hanging' } })
  const cancel = await both.rig.post('/api/turn/cancel', { request_id: 'hanging' })
  expect(await cancel.json()).toEqual({ cancelled: true })
  await both.model.asked[0]?.closed
  const { text, error, done } = await hear(response)
  expect([text.length > 0, error?.type, done]).toEqual([true, 'turn_cancelled', false])
})

test('stops at the model when the caller goes away, even before its first word', async () => {
  await using both = await startBoth(() => {})
  const control = new AbortController()
  const asking = both.rig.chat('hi', { signal: control.signal }).catch(() => 'gone')
  await until(() => both.model.asked.length === 1)
  control.abort()
  await both.model.asked[0]?.closed
  expect(await asking).toBe('gone')
  await until(async () => (await both.rig.log()).includes('🛑 REQUEST FINISHED : the caller went away'))
})

test('keeps both keys out of the log and of what it says', async () => {
  await using both = await startBoth(
    say({ reasoning_content: `i know ${LLM_KEY} and ${KEY}\n` }) +
      HELLO +
      call(0, 'read_file', `{"path":"${KEY}"}`) +
      say({}, 'tool_calls') +
      DONE,
    event({ error: { message: `${LLM_KEY} is wrong` } }),
  )
  const { error } = await hear(await both.rig.chat('hi'))
  expect(error?.message).toBe('[key] is wrong')
  const log = await both.rig.log()
  expect(log).toContain('i know [key] and [key]')
  for (const key of [KEY, LLM_KEY]) expect(log).not.toContain(key)
})

test('can be stopped while its caller does not read', async () => {
  let sent = 0
  await using both = await startBoth((response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    const more = () => {
      do sent += 50_000
      while (!response.closed && response.write(say({ content: 'x'.repeat(50_000) })))
      response.once('drain', more)
    }
    more()
  })
  const body = JSON.stringify({ stream: true, messages: [{ role: 'user', content: 'hi' }] })
  const head = `POST /api/chat HTTP/1.1\r\nHost: agent\r\nX-Ghost-Key: ${KEY}\r\nX-Request-ID: unread`
  const fields = `Content-Type: application/json\r\nContent-Length: ${body.length}`
  const socket = createConnection(Number(new URL(both.rig.agent.url).port), '127.0.0.1').pause()
  socket.on('error', () => {})
  socket.write(`${head}\r\n${fields}\r\n\r\n${body}`)
  // More than the sockets on the way can hold, so that the agent waits for its caller.
  await until(() => sent > 25_000_000)
  await both.rig.post('/api/turn/cancel', { request_id: 'unread' })
  await both.model.asked[0]?.closed
  await until(async () => (await both.rig.log()).includes('REQUEST FINISHED : the turn was cancelled'))
  socket.destroy()
})
