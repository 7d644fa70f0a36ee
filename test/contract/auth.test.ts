import { expect, test } from 'vitest'
import { KEY, startRig } from '../rig/rig.ts'
import { API } from './routes.ts'

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const
const PATHS = [...new Set(API.map(({ path }) => path)), '/api/nope', '/api/', '/api/chat/', '/api/%63hat']

test('A1: every route and every method below /api asks for the key first, known or not', async () => {
  await using rig = await startRig()
  for (const path of PATHS)
    for (const method of METHODS) {
      const response = await rig.stranger(path, { method })
      const told = await response.text()
      expect([method, path, response.status]).toEqual([method, path, 401])
      if (method !== 'HEAD')
        expect(JSON.parse(told)).toEqual({ error: expect.stringMatching(/./), code: 'unauthorized' })
    }
  expect(rig.agent.calls).toEqual([])
})

const WRONG_KEYS: readonly (readonly [what: string, headers: readonly string[]])[] = [
  ['no header', []],
  ['an empty key', ['X-Ghost-Key: ']],
  ['a shorter key', [`X-Ghost-Key: ${KEY.slice(0, -1)}`]],
  ['a longer key', [`X-Ghost-Key: ${KEY}x`]],
  ['another key of the same length', [`X-Ghost-Key: ${KEY.replace('0', '1')}`]],
  ['the key in capitals', [`X-Ghost-Key: ${KEY.toUpperCase()}`]],
  ['a key of 12 kB', [`X-Ghost-Key: ${'k'.repeat(12_000)}`]],
  ['a key in Latin-1', [`X-Ghost-Key: ${'é'.repeat(KEY.length)}`]],
  ['the right key twice', [`X-Ghost-Key: ${KEY}`, `X-Ghost-Key: ${KEY}`]],
  ['a wrong key, then the right one', ['X-Ghost-Key: wrong', `X-Ghost-Key: ${KEY}`]],
  ['the right key, then a wrong one', [`X-Ghost-Key: ${KEY}`, 'x-ghost-key: wrong']],
  ['the key as a bearer token', [`Authorization: Bearer ${KEY}`]],
  ['the key under another name', [`X-Api-Key: ${KEY}`, `X_Ghost_Key: ${KEY}`]],
  ['the key as a cookie', [`Cookie: ghost=${KEY}; key=${KEY}; X-Ghost-Key=${KEY}`]],
  ['a trusted address of its own making', ['X-Forwarded-For: 127.0.0.1', 'X-Original-URL: /healthz']],
]

test.each(WRONG_KEYS)('A2, A4, A5, A9, A10: %s is refused', async (_what, headers) => {
  await using rig = await startRig()
  const wire = rig.wire()
  const lines = ['GET /api/chat/tasks HTTP/1.1', 'Host: gateway', ...headers, 'Connection: close', '', '']
  await wire.write(Buffer.from(lines.join('\r\n'), 'latin1'))
  const answer = await wire.answer()
  expect(answer.status).toBe(401)
  expect(JSON.parse(String(answer.body))).toMatchObject({ code: 'unauthorized' })
})

test('A9: the key in the query opens nothing below /api', async () => {
  await using rig = await startRig()
  expect((await rig.stranger(`/api/chat/tasks?key=${KEY}`)).status).toBe(401)
})

test('the right key opens it, whatever the case of the header', async () => {
  await using rig = await startRig()
  for (const name of ['X-Ghost-Key', 'x-ghost-key', 'X-GHOST-KEY'])
    expect((await rig.stranger('/api/chat/tasks', { headers: { [name]: KEY } })).status).toBe(200)
})

test('A1: a refusal comes before the body is read', async () => {
  await using rig = await startRig()
  const wire = rig.wire()
  await wire.write('POST /api/upload HTTP/1.1\r\nHost: gateway\r\nContent-Length: 90000000\r\n\r\n')
  await wire.until('HTTP/1.1 401 ')
})

test('a method that a route does not have is told apart from a path that is not there, with the key', async () => {
  await using rig = await startRig()
  const missing = await rig.fetch('/api/nope')
  expect(missing.status).toBe(404)
  expect(await missing.json()).toMatchObject({ code: 'not_found' })
  for (const { path, method } of [
    { path: '/api/chat', method: 'GET' },
    { path: '/api/chat/cancel/00000000-0000-4000-8000-000000000000', method: 'GET' },
    { path: '/api/upload', method: 'PUT' },
    { path: '/api/chat/tasks', method: 'DELETE' },
  ]) {
    const response = await rig.fetch(path, { method })
    expect([404, 405]).toContain(response.status)
    expect(await response.json()).toMatchObject({ error: expect.any(String), code: expect.any(String) })
  }
  expect(rig.agent.calls).toEqual([])
})

test('A40: a page of another origin may ask with the key, without credentials, and read the task id', async () => {
  await using rig = await startRig()
  const origin = 'https://elsewhere.example'
  const preflight = await rig.stranger('/api/chat', {
    method: 'OPTIONS',
    headers: {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'x-ghost-key,content-type,idempotency-key',
    },
  })
  expect(preflight.ok).toBe(true)
  expect(preflight.headers.get('access-control-allow-origin')).toBe('*')
  const allowed = preflight.headers.get('access-control-allow-headers')?.toLowerCase() ?? ''
  for (const name of ['x-ghost-key', 'content-type', 'idempotency-key']) expect(allowed).toContain(name)
  expect(preflight.headers.get('access-control-allow-methods')).toContain('POST')

  const stream = await rig.chat({}, { origin })
  const plain = await rig.fetch('/api/chat/tasks', { headers: { origin } })
  const refused = await rig.stranger('/api/chat/tasks', { headers: { origin } })
  for (const { headers } of [preflight, stream, plain, refused]) {
    expect(headers.get('access-control-allow-origin')).toBe('*')
    expect(headers.get('access-control-allow-credentials')).toBeNull()
  }
  expect(stream.headers.get('access-control-expose-headers')?.toLowerCase()).toContain('x-task-id')
})
