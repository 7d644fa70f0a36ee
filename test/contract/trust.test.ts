import { describe, expect, test } from 'vitest'
import { fin, head, json, raw, rst } from '../rig/answers.ts'
import { KEY, startRig } from '../rig/rig.ts'
import { startUpstream } from '../rig/upstream.ts'
import { FORWARDS, upstreamOf } from './forwards.ts'
import { refusal } from './refusal.ts'

const PRIVATE = {
  'set-cookie': 'session=stolen',
  'access-control-allow-origin': 'https://evil.example',
  'access-control-allow-credentials': 'true',
  'content-security-policy': 'script-src *',
  'clear-site-data': '"*"',
  'x-powered-by': 'agent-1',
  server: 'agent-1',
  refresh: '0;url=https://evil.example',
  link: '<https://evil.example>; rel=preload',
  location: 'https://evil.example',
  'x-ghost-key': KEY,
  'service-worker-allowed': '/everything',
  'strict-transport-security': 'max-age=77',
  'cache-control': 'public, max-age=31536000',
  expires: 'Thu, 01 Jan 2099 00:00:00 GMT',
  via: '1.1 inner-proxy',
  'x-anything-else': 'of the agent',
}

describe.each(FORWARDS)('$name', (forward) => {
  const { kind, route, ask } = forward

  test('F12, A103: a redirect is never followed', async () => {
    await using rig = await startRig()
    const elsewhere = await startUpstream({})
    for (const status of [301, 302, 303, 307, 308]) {
      upstreamOf(rig, forward).play(route, json(status, {}, { location: `${elsewhere.url}/stolen` }))
      const response = await ask(rig)
      expect(response.headers.get('location')).toBeNull()
      expect(await refusal(response)).toMatchObject({ status: 502, code: `${kind}_redirected` })
    }
    expect(elsewhere.connections).toBe(0)
    await elsewhere.close()
  })

  test.each([
    ['words that are no HTTP', raw('SSH-2.0-OpenSSH_9.2\r\n\r\n', fin)],
    ['a connection closed without a word', raw(fin)],
    ['a connection reset without a word', raw(rst)],
    ['a head that never ends', raw(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(200_000)}`, fin)],
    ['two lengths', raw(head('200 OK', 'content-length: 2', 'content-length: 3'), '{}', fin)],
  ])('F14: %s is a 502, and nothing is sent twice', async (_what, script) => {
    await using rig = await startRig()
    upstreamOf(rig, forward).play(route, script)
    expect((await refusal(await ask(rig))).status).toBe(502)
    expect(upstreamOf(rig, forward).callsOf(route)).toHaveLength(1)
  })

  test('F13: an interim answer is no answer yet', async () => {
    await using rig = await startRig()
    const early = head('103 Early Hints', 'link: </a>; rel=preload')
    const last = head('200 OK', 'content-type: application/json', 'content-length: 13')
    upstreamOf(rig, forward).play(route, raw(head('102 Processing'), early, early, last, '{"text":"hi"}'))
    const response = await ask(rig)
    expect(response.status).toBe(200)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(await response.text()).toBe('{"text":"hi"}')
  })

  test('a status that does not exist is a 502 in our own shape', async () => {
    await using rig = await startRig()
    for (const status of ['600', '999']) {
      upstreamOf(rig, forward).play(route, raw(head(`${status} Odd`, 'content-length: 2'), 'hi'))
      expect(await refusal(await ask(rig))).toMatchObject({ status: 502, code: `${kind}_bad_answer` })
    }
  })

  test('A106: only the headers that may pass do', async () => {
    await using rig = await startRig()
    upstreamOf(rig, forward).play(route, json(200, '{"text":"hi"}', PRIVATE))
    const response = await ask(rig)
    expect(response.status).toBe(200)
    await response.text()
    for (const [name, value] of Object.entries(PRIVATE))
      expect(response.headers.get(name) ?? '', name).not.toContain(value)
  })

  test('A104: compression is not asked for, and the key goes to the agent only', async () => {
    await using rig = await startRig()
    await (await ask(rig, { 'accept-encoding': 'gzip, br' })).text()
    const { headers, rawHeaders } = await upstreamOf(rig, forward).called(route)
    expect(headers['accept-encoding'] ?? 'identity').toBe('identity')
    if (kind === 'agent') expect(headers['x-ghost-key']).toBe(KEY)
    else expect(rawHeaders.join('\n')).not.toContain(KEY)
  })

  test("A37: none of the browser's own headers go on", async () => {
    await using rig = await startRig()
    const own = {
      cookie: 'a=b',
      authorization: 'Bearer x',
      origin: 'https://page.example',
      referer: 'https://page.example/?key=1',
      'x-forwarded-for': '1.2.3.4',
      'x-request-id': 'chosen-by-the-browser',
    }
    await (await ask(rig, own)).text()
    const { rawHeaders } = await upstreamOf(rig, forward).called(route)
    for (const value of Object.values(own)) expect(rawHeaders).not.toContain(value)
  })
})

test('F14: a second answer to one question never becomes the answer to another', async () => {
  await using rig = await startRig()
  const twice = `${head('200 OK', 'content-type: application/json', 'content-length: 9')}{"a":"a"}`
  rig.agent.play('POST /api/chat', raw(twice, twice.replaceAll('"a"', '"x"')), json(200, { right: true }))
  expect(await (await rig.post('/api/chat', { messages: [] })).json()).toEqual({ a: 'a' })
  const next = await rig.post('/api/chat', { messages: [] })
  expect(await next.json()).toEqual({ right: true })
})

test('an answer under a compression that nobody asked for is refused, never passed off as text', async () => {
  await using rig = await startRig()
  rig.agent.play('POST /api/chat', json(200, '\u001f\u008bnot really', { 'content-encoding': 'gzip' }))
  expect((await refusal(await rig.post('/api/chat', { messages: [] }))).status).toBe(502)
})

test('A101: a target in absolute form contacts nobody but the agent', async () => {
  await using rig = await startRig()
  const elsewhere = await startUpstream({})
  for (const target of [
    `${elsewhere.url}/api/download/a.txt`,
    `//127.0.0.1:${elsewhere.port}/api/download/a`,
  ]) {
    const wire = rig.wire()
    const lines = [`GET ${target} HTTP/1.1`, 'Host: a', `X-Ghost-Key: ${KEY}`, 'Connection: close', '', '']
    await wire.write(lines.join('\r\n'))
    await wire.answer()
  }
  expect(elsewhere.connections).toBe(0)
  await elsewhere.close()
})

test('F20: an agent that closes its connections as soon as it can is asked once for each question, never twice', async () => {
  await using rig = await startRig()
  const answer = `${head('200 OK', 'content-type: application/json', 'content-length: 2')}{}`
  rig.agent.play('POST /api/chat', raw(answer, fin))
  const statuses: number[] = []
  for (let n = 0; n < 100; n += 1) {
    const response = await rig.post('/api/chat', { messages: [] })
    statuses.push(response.status)
    await response.text()
  }
  for (const status of statuses) expect([200, 502]).toContain(status)
  expect(statuses.filter((status) => status === 200).length).toBeGreaterThan(50)
  const ids = rig.agent.callsOf('POST /api/chat').map(({ headers }) => headers['x-request-id'])
  expect(new Set(ids).size).toBe(ids.length)
  expect(ids.length).toBeLessThanOrEqual(100)
})

test.each(FORWARDS.filter(({ name }) => name !== 'download'))(
  'F13: a 304 to a question without a condition is a redirect: $name',
  async (forward) => {
    await using rig = await startRig()
    upstreamOf(rig, forward).play(forward.route, raw(head('304 Not Modified')))
    const told = await refusal(await forward.ask(rig))
    expect(told).toMatchObject({ status: 502, code: `${forward.kind}_redirected` })
  },
)
