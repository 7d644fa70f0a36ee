import { expect, test } from 'vitest'
import { BODIES, IDS } from './bodies.ts'
import { AMBIGUOUS, ODD, SMUGGLED } from './parsing.ts'
import { codeOf, request, type Siege, WITH_KEY } from './place.ts'

const ID = '00000000-0000-4000-8000-000000000000'
const statuses = (heard: Buffer) =>
  [...heard.toString('latin1').matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, status]) => Number(status))

export function tryRequests(at: () => Siege): void {
  test.each(AMBIGUOUS)('%s is refused, and nothing behind it is heard', async (_, bytes) => {
    const asked = at().agent.calls.length
    const wire = at().wire()
    await wire.write(Buffer.from(bytes + SMUGGLED, 'latin1'))
    await wire.over
    const told = statuses(wire.heard)
    expect(told.length).toBeGreaterThan(0)
    expect(told.filter((status) => status !== 400)).toEqual([])
    expect(at().agent.calls.length).toBe(asked)
  })

  test.each(ODD)('%s is refused', async (_, bytes, allowed) => {
    const wire = at().wire()
    await wire.write(Buffer.from(bytes, 'latin1'))
    await wire.over
    const [told = 0, ...more] = statuses(wire.heard)
    expect(allowed).toContain(told)
    expect(more).toEqual([])
  })

  test.each(BODIES)('%s', async (_, { body, headers = {}, passes, code }) => {
    const route = 'POST /api/chat'
    const before = at().agent.callsOf(route).length
    const bytes = Buffer.from(body as string)
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`)
    const head = request('POST', '/api/chat', [WITH_KEY, ...lines, `Content-Length: ${bytes.length}`])
    const answer = await at().say(Buffer.concat([Buffer.from(head, 'latin1'), bytes]))
    expect([answer.status, passes ? undefined : codeOf(answer)]).toEqual(
      passes ? [200, undefined] : [400, code],
    )
    const calls = at().agent.callsOf(route).slice(before)
    expect(calls.length).toBe(passes ? 1 : 0)
    const [call] = calls
    if (!call) return
    const heard = await call.read()
    expect(heard.bytes.equals(bytes.subarray(0, heard.bytes.length)) && heard.length === bytes.length).toBe(
      true,
    )
    expect(call.headers['content-encoding']).toBeUndefined()
    expect(call.headers['content-type']).toBe('application/json')
  })

  test('A37: what a browser sends is one request to the agent, whatever headers and bytes it is made of', async () => {
    const before = at().agent.calls.length
    const evil = 'GET /evil HTTP/1.1\r\nHost: agent\r\n\r\n'
    const body = JSON.stringify({ messages: [], smuggled: `\r\n\r\n${evil}` })
    const headers = [
      'Content-Type: application/json\x09; x="\r\n y"'.replace('\r\n ', ''),
      `Content-Length: ${body.length}`,
      'Connection: X-Ghost-Key, Content-Length, close',
      'Keep-Alive: timeout=1',
      'TE: trailers, deflate',
      'Upgrade-Insecure-Requests: 1',
      'Proxy-Authorization: Basic eDp5',
      'X-Request-Id: chosen',
      'Idempotency-Key: one',
      'Via: 1.1 evil',
    ]
    const answer = await at().say(request('POST', '/api/chat', [WITH_KEY, ...headers], body))
    expect(answer.status).toBe(200)
    await at().say(
      request('GET', `/api/download/a%0d%0aX-Evil:%201%0d%0a%0d%0a${encodeURIComponent(evil)}`, [WITH_KEY]),
    )
    const calls = at().agent.calls.slice(before)
    expect(calls.map(({ method, target }) => [method, target])).toEqual([['POST', '/api/chat']])
    const names = calls[0]?.rawHeaders.filter((_, n) => n % 2 === 0).map((name) => name.toLowerCase()) ?? []
    expect(names.sort()).toEqual([
      'connection',
      'content-length',
      'content-type',
      'host',
      'x-ghost-key',
      'x-request-id',
    ])
    expect(calls[0]?.headers['x-request-id']).not.toBe('chosen')
  })

  test('A46: an error repeats nothing of the request and tells nothing of the inside', async () => {
    const mark = '<script>alert(7)</script>'
    for (const [method, target, body] of [
      ['GET', `/${mark}`, ''],
      ['GET', `/api/${mark}`, ''],
      ['GET', `/api/chat/task/${mark}`, ''],
      ['GET', `/api/chat/resume/${ID}?offset=${mark}`, ''],
      ['GET', `/api/download/../${mark}`, ''],
      ['POST', '/api/chat', mark],
      ['POST', '/api/chat', `{"messages":"${mark.replaceAll('"', '')}"}`],
      ['POST', '/api/tts', `{"text":{"x":"${mark}"}}`],
      ['POST', `/${mark}`, mark],
    ] as const) {
      const length = `Content-Length: ${Buffer.byteLength(body)}`
      const answer = await at().say(request(method, target, [WITH_KEY, length], body))
      expect([target, answer.status >= 400 && answer.status < 500]).toEqual([target, true])
      expect(answer.header('content-type')).toMatch(/^application\/json/)
      expect(answer.header('x-content-type-options')).toBe('nosniff')
      const told = `${answer.headers.join('\n')}\n${answer.body}`
      expect(told).not.toMatch(/alert\(7\)|fastify|node_modules|\bat \S+ \(|\/dist\/|x-powered-by|\bserver:/i)
    }
  })

  test.each(IDS)('A59: the task %.40s is not known, in the same words as any other', async (id) => {
    for (const [method, path, code] of [
      ['GET', 'resume', 'task_not_found'],
      ['GET', 'task', 'task_not_found'],
      ['POST', 'cancel', 'not_found_or_done'],
    ] as const) {
      const answer = await at().say(request(method, `/api/chat/${path}/${id}`, [WITH_KEY]))
      const other = await at().say(request(method, `/api/chat/${path}/${ID}`, [WITH_KEY]))
      expect([answer.status, codeOf(answer)]).toEqual([404, code])
      expect(String(answer.body)).toBe(String(other.body))
    }
  })

  test('A47: a path that looks like a file for a cache is no path', async () => {
    for (const target of [
      `/api/chat/resume/${ID}/x.css`,
      '/api/chat/tasks/x.css',
      '/api/chat/tasks;x.css',
      '/api/chat/tasks%2fx.css',
      '/api/chat/tasks%3fx.css',
      '/api/chat/tasks.css',
      '/index.html/..%2f',
      '/index.html',
    ]) {
      const answer = await at().say(request('GET', target, [WITH_KEY]))
      expect([target, answer.status, answer.header('cache-control')]).toEqual([target, 404, 'no-store'])
    }
  })

  test('A101: no address in a request is ever connected to', async () => {
    const before = at().agent.calls.length
    const url = `http://127.0.0.1:${at().voice.port}/stolen`
    const connections = at().voice.connections
    for (const [method, target, body] of [
      ['GET', `${url}?x=/api/`, ''],
      ['GET', `/api/download/${url}`, ''],
      ['GET', `/api/download/${encodeURIComponent(url)}`, ''],
      ['GET', `/${url}`, ''],
      [
        'POST',
        '/api/chat',
        JSON.stringify({ messages: [{ role: 'user', content: url }], url, base_url: url }),
      ],
      ['POST', '/api/workspace/save', JSON.stringify({ url })],
    ] as const) {
      const headers = [
        WITH_KEY,
        `Content-Length: ${body.length}`,
        `Referer: ${url}`,
        `X-Forwarded-Host: ${url}`,
      ]
      await at().say(
        request(method, target, headers, body).replace('Host: gateway', `Host: 127.0.0.1:${at().voice.port}`),
      )
    }
    expect(at().voice.connections).toBe(connections)
    expect(
      at()
        .agent.calls.slice(before)
        .every(({ target }) => target.startsWith('/api/')),
    ).toBe(true)
  })
}
