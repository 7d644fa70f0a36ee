import { expect, test } from 'vitest'
import { KEY, messages, startRig } from '../rig/rig.ts'
import { refusal } from './refusal.ts'

const say = (text: string) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: text,
})
const many = (count: number) =>
  JSON.stringify({ messages: Array(count).fill({ role: 'user', content: 'x' }) })

test.each([
  '',
  ' ',
  '{',
  'nonsense',
  '{"messages":[],}',
  "{'messages':[]}",
  '{"messages":[]} trailing',
  '\u0000',
])('A52, A55: a body of %j is not JSON', async (text) => {
  await using rig = await startRig()
  expect(await refusal(await rig.fetch('/api/chat', say(text)))).toMatchObject({
    status: 400,
    code: 'invalid_json',
  })
  expect(rig.agent.calls).toEqual([])
})

test.each([
  'null',
  'true',
  '1',
  '"messages"',
  '[]',
  '[{"messages":[]}]',
  '{}',
  '{"messages":null}',
  '{"messages":"hello"}',
  '{"messages":{"length":1,"0":{}}}',
  '{"Messages":[]}',
])('A48, A55: a body of %s has no list of messages', async (text) => {
  await using rig = await startRig()
  expect(await refusal(await rig.fetch('/api/chat', say(text)))).toMatchObject({
    status: 400,
    code: 'invalid_request',
  })
  expect(rig.agent.calls).toEqual([])
})

test('A48: 500 messages pass and 501 do not', async () => {
  await using rig = await startRig()
  expect((await rig.fetch('/api/chat', say(many(500)))).status).toBe(200)
  expect(await refusal(await rig.fetch('/api/chat', say(many(501))))).toMatchObject({
    status: 413,
    code: 'too_many_messages',
  })
  expect(rig.agent.calls).toHaveLength(1)
})

test('A50: a body of exactly the limit passes, a byte more does not', async () => {
  const body = JSON.stringify({ messages: messages(), padding: 'x'.repeat(900) })
  await using rig = await startRig({ env: { GHOST_MAX_JSON_BYTES: String(body.length) } })
  expect((await rig.fetch('/api/chat', say(body))).status).toBe(200)
  expect(await refusal(await rig.fetch('/api/chat', say(`${body} `)))).toMatchObject({
    status: 413,
    code: 'body_too_large',
  })
  expect(rig.agent.calls).toHaveLength(1)
})

test('A50: a declared length over the limit is refused before a byte of the body has come', async () => {
  await using rig = await startRig({ env: { GHOST_MAX_JSON_BYTES: '1000' } })
  const wire = rig.wire()
  await wire.write(`POST /api/chat HTTP/1.1\r\nHost: a\r\nX-Ghost-Key: ${KEY}\r\nContent-Length: 1001\r\n`)
  await wire.write('Content-Type: application/json\r\n\r\n')
  await wire.until('"body_too_large"')
  expect(String(wire.heard)).toMatch(/^HTTP\/1.1 413 /)
})

test('A50: a body without a declared length is counted as it comes', async () => {
  await using rig = await startRig({ env: { GHOST_MAX_JSON_BYTES: '1000' } })
  const wire = rig.wire()
  await wire.write(
    `POST /api/chat HTTP/1.1\r\nHost: a\r\nX-Ghost-Key: ${KEY}\r\nTransfer-Encoding: chunked\r\n`,
  )
  await wire.write('Content-Type: application/json\r\n\r\n')
  await wire.write(`3e9\r\n${' '.repeat(1001)}\r\n`)
  await wire.until('"body_too_large"')
  expect(String(wire.heard)).toMatch(/^HTTP\/1.1 413 /)
})

test.each(['', 'x'.repeat(129), 'two words', 'тест', 'tab\there'])(
  'an idempotency key of %j is refused',
  async (key) => {
    await using rig = await startRig()
    const wire = rig.wire()
    const body = JSON.stringify({ messages: [], stream: true })
    const head = [
      'POST /api/chat HTTP/1.1',
      'Host: a',
      `X-Ghost-Key: ${KEY}`,
      'Content-Type: application/json',
      `Content-Length: ${body.length}`,
      `Idempotency-Key: ${key}`,
      'Connection: close',
    ]
    await wire.write(`${head.join('\r\n')}\r\n\r\n${body}`)
    expect((await wire.answer()).status).toBe(400)
    expect(rig.agent.calls).toEqual([])
  },
)

test('the first thing that is wrong is the one that is told', async () => {
  await using rig = await startRig({ env: { GHOST_MAX_JSON_BYTES: '30000' } })
  const tooLarge = `{"messages": nonsense ${'x'.repeat(40_000)}`
  const tooMany = many(501)
  expect((await rig.stranger('/api/chat', say(tooLarge))).status).toBe(401)
  expect(await refusal(await rig.fetch('/api/chat', say(tooLarge)))).toMatchObject({ code: 'body_too_large' })
  expect(await refusal(await rig.fetch('/api/chat', say(`${tooMany}}`)))).toMatchObject({
    code: 'invalid_json',
  })
  expect(await refusal(await rig.fetch('/api/chat', say(tooMany)))).toMatchObject({
    code: 'too_many_messages',
  })
})

test('A52: JSON of any depth is answered, never with a failure of our own', async () => {
  await using rig = await startRig()
  for (const depth of [5_000, 100_000, 1_000_000]) {
    const body = `{"messages":[],"deep":${'['.repeat(depth)}${']'.repeat(depth)}}`
    expect((await rig.fetch('/api/chat', say(body))).status).toBeLessThan(500)
  }
  expect((await rig.fetch('/healthz')).status).toBe(200)
})

test.each(['close', 'keep-alive'])(
  'a sender of megabytes too many hears why, on a connection that is to %s',
  async (connection) => {
    await using rig = await startRig({ env: { GHOST_MAX_JSON_BYTES: '1000' } })
    const wire = rig.wire()
    wire.socket.pause()
    const head = `POST /api/chat HTTP/1.1\r\nHost: a\r\nX-Ghost-Key: ${KEY}\r\nConnection: ${connection}\r\n`
    await wire.write(`${head}Content-Length: 9000000\r\n\r\n`)
    await wire.write(Buffer.alloc(9_000_000))
    wire.socket.resume()
    await wire.until('"body_too_large"')
    await wire.over
  },
)
