import { describe, expect, test } from 'vitest'
import { head, json, raw, silent } from '../rig/answers.ts'
import { startBlackhole } from '../rig/blackhole.ts'
import { startRig } from '../rig/rig.ts'
import { gate } from '../rig/wait.ts'
import { FORWARDS, upstreamOf } from './forwards.ts'
import { refusal } from './refusal.ts'

const STATUSES = [400, 401, 403, 404, 409, 413, 415, 418, 422, 429, 500, 501, 502, 503, 504]

describe.each(FORWARDS)('$name', (forward) => {
  const { kind, route, ask } = forward

  test("F10: keeps the upstream's own 4xx or 5xx and its message", async () => {
    await using rig = await startRig()
    for (const status of STATUSES) {
      upstreamOf(rig, forward).play(route, json(status, { error: `no, since ${status}` }))
      const told = await refusal(await ask(rig))
      expect(told.status).toBe(status)
      expect(told.error).toContain(`no, since ${status}`)
    }
  })

  test('finds the message wherever agents put it', async () => {
    await using rig = await startRig()
    for (const [body, message] of [
      ['{"detail":"the detail"}', 'the detail'],
      ['{"message":"the message"}', 'the message'],
      ['{"error":{"message":"the inner message"}}', 'the inner message'],
      ['plain words', 'plain words'],
    ] as const) {
      upstreamOf(rig, forward).play(route, json(500, body))
      expect((await refusal(await ask(rig))).error).toContain(message)
    }
  })

  test('never says nothing about an error that says nothing', async () => {
    await using rig = await startRig()
    for (const body of ['', ' ', '{}', '{"error":""}', '{"error":null}', '[]', 'null', '""']) {
      upstreamOf(rig, forward).play(route, json(500, body))
      expect((await refusal(await ask(rig))).status).toBe(500)
    }
  })

  test('F10: carries at most 400 characters of an error body of megabytes', async () => {
    await using rig = await startRig()
    upstreamOf(rig, forward).play(route, json(500, `start ${'long '.repeat(1_000_000)}`))
    const told = await refusal(await ask(rig))
    expect(told.status).toBe(500)
    expect(told.error).toContain('start long long')
    expect(told.error.length).toBeLessThanOrEqual(400)
  })

  test('F9: says that nobody is there', async () => {
    await using rig = await startRig()
    await upstreamOf(rig, forward).close()
    expect(await refusal(await ask(rig))).toMatchObject({ status: 502, code: `${kind}_unreachable` })
  })
})

test.each(FORWARDS.filter(({ name }) => /chat|download|text to/.test(name)))(
  'an error body that never ends is read for at most 5 s, and what came is told: $name',
  async (forward) => {
    await using rig = await startRig()
    const never = gate()
    const script = raw(head('418 Teapot', 'content-type: text/plain'), 'what came of it', never)
    upstreamOf(rig, forward).play(forward.route, script)
    const asked = performance.now()
    const told = await refusal(await forward.ask(rig))
    expect(told).toMatchObject({ status: 418, error: expect.stringContaining('what came of it') })
    expect(performance.now() - asked).toBeLessThan(6_500)
    await (await upstreamOf(rig, forward).called(forward.route)).closed
  },
)

test('F8: an agent that never answers is a timeout, and its connection is closed', async () => {
  await using rig = await startRig({ env: { GHOST_CHAT_TIMEOUT: '0.2' } })
  rig.agent.play('POST /api/chat', silent)
  const told = await refusal(await rig.post('/api/chat', { messages: [] }))
  expect(told).toMatchObject({ status: 504, code: 'agent_timeout' })
  await (await rig.agent.called('POST /api/chat')).closed
})

test('F9: an address that swallows connections is a timeout, as soon as the time to connect is up', async () => {
  await using hole = await startBlackhole()
  await using rig = await startRig({
    env: { GHOST_AGENT_URL: hole.url, GHOST_CHAT_CONNECT_TIMEOUT: '0.3' },
  })
  const told = await refusal(await rig.post('/api/chat', { messages: [] }))
  expect(told).toMatchObject({ status: 504, code: 'agent_timeout' })
})

test('A46: a path that is not there, with the key, is told in the same shape', async () => {
  await using rig = await startRig()
  for (const method of ['GET', 'POST', 'DELETE'])
    expect(await refusal(await rig.fetch('/api/nope', { method }))).toMatchObject({
      status: 404,
      code: 'not_found',
    })
})

test('A46: a request that is no HTTP closes its connection and nothing else', async () => {
  await using rig = await startRig()
  for (const nonsense of [
    'HELLO\r\n\r\n',
    'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
    'POST /api/chat HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    `GET /api/chat/tasks HTTP/1.1\r\nHost: a\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`,
    'GET /%zz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n',
  ]) {
    const wire = rig.wire()
    await wire.write(nonsense)
    const answer = await wire.answer()
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.status).toBeLessThan(500)
  }
  expect((await rig.fetch('/healthz')).status).toBe(200)
  expect(rig.agent.calls).toEqual([])
})
