import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { FILE } from '../rig/agent.ts'
import { endless, fin, head, raw, rst, silent } from '../rig/answers.ts'
import { KEY, startRig } from '../rig/rig.ts'
import type { Script } from '../rig/upstream.ts'
import { gate, within } from '../rig/wait.ts'
import { parseAnswer } from '../rig/wire.ts'

const ROUTE = 'GET /api/download/'
const file = (...headers: readonly string[]) => raw(head('200 OK', 'content-length: 4', ...headers), 'body')

test('a file comes with its exact bytes and the headers that describe it', async () => {
  await using rig = await startRig()
  const response = await rig.fetch('/api/download/notes/a.txt')
  expect(response.status).toBe(200)
  expect(Buffer.from(await response.arrayBuffer())).toEqual(FILE)
  expect(response.headers.get('content-type')).toBe('text/plain')
  expect(response.headers.get('content-length')).toBe(String(FILE.length))
  expect(response.headers.get('etag')).toBe('"v1"')
  expect(response.headers.get('last-modified')).toBe('Thu, 01 Jan 2026 00:00:00 GMT')
  expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  const call = await rig.agent.called(ROUTE)
  expect(call.target).toBe('/api/download/notes/a.txt')
  expect(call.headers['x-ghost-key']).toBe(KEY)
})

test('a HEAD brings the headers of the file without its bytes', async () => {
  await using rig = await startRig()
  const response = await rig.fetch('/api/download/a.txt', { method: 'HEAD' })
  expect(response.status).toBe(200)
  expect(response.headers.get('content-length')).toBe(String(FILE.length))
  expect(response.headers.get('etag')).toBe('"v1"')
  expect(await response.text()).toBe('')
  expect(rig.agent.calls.map(({ method }) => method)).toEqual(['HEAD'])
})

test('its first bytes come while the last are still with the agent', async () => {
  await using rig = await startRig()
  const rest = gate()
  const [first, second] = [randomBytes(100_000), randomBytes(100_000)]
  const described = head('200 OK', 'content-type: application/octet-stream', 'content-length: 200000')
  rig.agent.play(ROUTE, raw(described, first, rest, second))
  const wire = rig.wire()
  await wire.write(
    `GET /api/download/a HTTP/1.1\r\nHost: a\r\nX-Ghost-Key: ${KEY}\r\nConnection: close\r\n\r\n`,
  )
  await wire.until((heard) => heard.includes(first.subarray(-1_000)))
  rest.open()
  expect((await wire.answer()).body).toEqual(Buffer.concat([first, second]))
})

test('a part of a file is asked for and answered as the agent has it', async () => {
  await using rig = await startRig()
  const partial = ['content-range: bytes 2-5/23', 'content-length: 4', 'accept-ranges: bytes', 'etag: "v1"']
  rig.agent.play(ROUTE, raw(head('206 Partial Content', ...partial), 'e co'))
  const response = await rig.fetch('/api/download/a.txt', {
    headers: { range: 'bytes=2-5', 'if-range': '"v1"' },
  })
  expect(response.status).toBe(206)
  expect(await response.text()).toBe('e co')
  expect(response.headers.get('content-range')).toBe('bytes 2-5/23')
  expect(response.headers.get('accept-ranges')).toBe('bytes')
  expect((await rig.agent.called(ROUTE)).headers.range).toBe('bytes=2-5')
})

test('A74: a range that cannot be satisfied keeps its status', async () => {
  await using rig = await startRig()
  rig.agent.play(
    ROUTE,
    raw(head('416 Range Not Satisfiable', 'content-range: bytes */23', 'content-length: 0')),
  )
  const response = await rig.fetch('/api/download/a.txt', { headers: { range: 'bytes=99-' } })
  expect(response.status).toBe(416)
  expect(await response.json()).toMatchObject({ error: expect.stringMatching(/\w/) })
})

test('a file that has not changed is a 304', async () => {
  await using rig = await startRig()
  rig.agent.play(ROUTE, raw(head('304 Not Modified', 'etag: "v1"')))
  const response = await rig.fetch('/api/download/a.txt', { headers: { 'if-none-match': '"v1", W/"v0"' } })
  expect(response.status).toBe(304)
  expect(response.headers.get('etag')).toBe('"v1"')
  expect(await response.text()).toBe('')
  expect((await rig.agent.called(ROUTE)).headers['if-none-match']).toBe('"v1", W/"v0"')
})

test.each([
  ['файл 🎉.txt', '/api/download/%D1%84%D0%B0%D0%B9%D0%BB%20%F0%9F%8E%89.txt'],
  ['what?.txt', '/api/download/what%3F.txt'],
  ['100%.txt', '/api/download/100%25.txt'],
  ['a#b.txt', '/api/download/a%23b.txt'],
  ['a..b.txt', '/api/download/a..b.txt'],
  ['..a/b..', '/api/download/..a/b..'],
  ['...', '/api/download/...'],
  ['a b+c&d=e', '/api/download/a%20b+c&d=e'],
])('the name %s reaches the agent as the same name', async (name, path) => {
  await using rig = await startRig()
  expect((await rig.fetch(path)).status).toBe(200)
  const { target } = await rig.agent.called(ROUTE)
  expect(target).not.toMatch(/[?#]/)
  expect(decodeURIComponent(target)).toBe(`/api/download/${name}`)
})

test('A68: the name that the agent gives the file reaches the browser', async () => {
  await using rig = await startRig()
  const disposition = `attachment; filename="fil.txt"; filename*=UTF-8''%D1%84%F0%9F%8E%89.txt`
  rig.agent.play(ROUTE, file(`content-disposition: ${disposition}`))
  const response = await rig.fetch('/api/download/x')
  expect(response.headers.get('content-disposition')).toBe(disposition)
})

test('A68: a name in raw UTF-8 is no failure, and still the same name', async () => {
  await using rig = await startRig()
  rig.agent.play(ROUTE, file('content-disposition: attachment; filename="файл.txt"'))
  const response = await rig.fetch('/api/download/x')
  expect(response.status).toBe(200)
  const told = response.headers.get('content-disposition') ?? ''
  const plain = Buffer.from(told, 'latin1').toString('utf8')
  expect(plain.includes('файл.txt') || decodeURIComponent(told).includes('файл.txt')).toBe(true)
})

test.each([
  'text/html',
  'text/html; charset=utf-8',
  'TEXT/HTML',
  'image/svg+xml',
  'text/xml',
  'application/xml',
  'application/xhtml+xml',
  'application/atom+xml',
  'text/html ;charset=x',
])('A67: a file of %s is always an attachment', async (type) => {
  await using rig = await startRig()
  for (const disposition of [
    [],
    ['content-disposition: inline'],
    ['content-disposition: inline; filename="page.html"'],
    ['content-disposition: INLINE'],
    ['content-disposition: attachment; filename="page.html"'],
    ['content-disposition: '],
  ]) {
    rig.agent.play(ROUTE, file(`content-type: ${type}`, ...disposition))
    for (const method of ['GET']) {
      const response = await rig.fetch('/api/download/page.html', { method })
      expect(response.headers.get('content-disposition')).toMatch(/^attachment(;|$)/)
      expect(response.headers.get('x-content-type-options')).toBe('nosniff')
      if (disposition[0]?.includes('filename'))
        expect(response.headers.get('content-disposition')).toContain('filename="page.html"')
    }
  }
})

test.each<readonly [string, Script]>([
  ['ends', raw(head('200 OK', 'content-length: 1000'), 'part', fin)],
  ['is reset', raw(head('200 OK', 'content-length: 1000'), 'part', rst)],
  ['ends inside a chunk', raw(head('200 OK', 'transfer-encoding: chunked'), '4\r\npart\r\n40\r\nhal', fin)],
  ['ends before the last chunk', raw(head('200 OK', 'transfer-encoding: chunked'), '4\r\npart\r\n', fin)],
])(
  "F39: when the agent's answer %s too early the browser sees a failure, not a short file",
  async (_how, script) => {
    await using rig = await startRig()
    rig.agent.play(ROUTE, script)
    const wire = rig.wire()
    await wire.write(
      `GET /api/download/a HTTP/1.1\r\nHost: a\r\nX-Ghost-Key: ${KEY}\r\nConnection: close\r\n\r\n`,
    )
    await wire.over
    if (wire.heard.length === 0) return
    const answer = parseAnswer(wire.heard)
    const declared = answer.header('content-length')
    const ended = declared
      ? answer.body.length === Number(declared)
      : String(wire.heard).endsWith('0\r\n\r\n')
    expect(answer.status === 200 && ended).toBe(false)
  },
)

test.each(['leave', 'reset'] as const)(
  "a browser that goes away (%s) takes the agent's answer with it",
  async (how) => {
    await using rig = await startRig()
    rig.agent.play(ROUTE, endless('application/octet-stream'))
    const wire = rig.wire()
    await wire.write(`GET /api/download/a HTTP/1.1\r\nHost: a\r\nX-Ghost-Key: ${KEY}\r\n\r\n`)
    await wire.until('200 OK')
    wire[how]()
    const call = await rig.agent.called(ROUTE)
    await within('the end of the call', call.closed)
  },
)

test('A44: a reader that takes nothing of a file for too long is cut off, and the agent is freed', async () => {
  await using rig = await startRig({ timing: { stallMs: 300 } })
  rig.agent.play(ROUTE, endless('application/octet-stream'))
  const wire = rig.wire()
  wire.socket.pause()
  await wire.write(`GET /api/download/a HTTP/1.1\r\nHost: a\r\nX-Ghost-Key: ${KEY}\r\n\r\n`)
  const call = await rig.agent.called(ROUTE)
  await within('the end of the call', call.closed)
  wire.socket.resume()
  await within('the end of the connection', wire.over)
})

test('a reader of a file that is slow but moves is not cut off', async () => {
  await using rig = await startRig({ timing: { stallMs: 500 } })
  const bytes = randomBytes(24_000_000)
  rig.agent.play(ROUTE, raw(head('200 OK', `content-length: ${bytes.length}`), bytes))
  const wire = rig.wire()
  const sips = wire.sip(5)
  const began = performance.now()
  await wire.write(
    `GET /api/download/a HTTP/1.1\r\nHost: a\r\nX-Ghost-Key: ${KEY}\r\nConnection: close\r\n\r\n`,
  )
  await within('the end', wire.over, 60_000)
  expect(performance.now() - began).toBeGreaterThan(1_000)
  expect(sips()).toBeGreaterThan(10)
  expect(parseAnswer(wire.heard).body.equals(bytes)).toBe(true)
})

test('a browser that goes away before the agent has answered takes the question back', async () => {
  await using rig = await startRig()
  rig.agent.play(ROUTE, silent)
  const wire = rig.wire()
  await wire.write(`GET /api/download/a HTTP/1.1\r\nHost: a\r\nX-Ghost-Key: ${KEY}\r\n\r\n`)
  const call = await rig.agent.called(ROUTE)
  wire.reset()
  await within('the end of the call', call.closed)
})
