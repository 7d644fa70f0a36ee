import { expect, test } from 'vitest'
import type WebSocket from 'ws'
import { KEY, type Rig, startRig } from '../rig/rig.ts'
import { within } from '../rig/wait.ts'
import { parseAnswer } from '../rig/wire.ts'

/** 101 when the socket opens, otherwise the status that refused it. */
const outcome = (socket: WebSocket) =>
  within(
    'the outcome of an upgrade',
    new Promise<number>((resolve) => {
      socket.once('open', () => resolve(101))
      socket.once('unexpected-response', (_request, response) => resolve(response.statusCode ?? 0))
      socket.once('error', () => resolve(0))
    }),
  )
const pageCookie = async (rig: Rig) => {
  const [line = ''] = (await rig.stranger(`/?key=${KEY}`)).headers.getSetCookie()
  return line.split(';', 1)[0] ?? ''
}

test('A22, A23, A26: a socket without the key is refused before it opens', async () => {
  await using rig = await startRig()
  for (const [path, headers] of [
    ['/ws', {}],
    ['/ws', { origin: rig.url }],
    ['/ws', { cookie: 'ghost=1' }],
    ['/ws', { 'x-ghost-key': 'wrong' }],
    ['/ws', { authorization: `Bearer ${KEY}` }],
    ['/ws', { 'sec-websocket-protocol': `token, ${KEY}` }],
    ['/ws?key=', {}],
    ['/ws?key=wrong', {}],
    [`/ws?key=${KEY}x`, { origin: rig.url }],
    [`/ws?key=${KEY}&key=wrong`, {}],
    ['/ws?batch=1', {}],
  ] as const)
    expect([path, headers, await outcome(rig.socket(path, { headers }))]).toEqual([path, headers, 401])
})

test('the key opens the socket: in the header, in the query, or by the cookie of the page', async () => {
  await using rig = await startRig()
  const cookie = await pageCookie(rig)
  expect(await outcome(rig.socket('/ws', { headers: { 'x-ghost-key': KEY } }))).toBe(101)
  expect(await outcome(rig.socket(`/ws?key=${KEY}`))).toBe(101)
  expect(await outcome(rig.socket(`/ws?batch=1&key=${KEY}`))).toBe(101)
  expect(await outcome(rig.socket('/ws', { headers: { cookie, origin: rig.url } }))).toBe(101)
})

test('A24: a page of another origin cannot use the cookie of ours', async () => {
  await using rig = await startRig()
  const cookie = await pageCookie(rig)
  for (const origin of [
    'https://evil.example',
    'null',
    `${rig.url}.evil.example`,
    `http://evil.example:${rig.port}`,
    `http://127.0.0.1:${rig.port === 1024 ? 1025 : rig.port - 1}`,
    'http://127.0.0.1',
    'file://',
    'nonsense',
  ])
    expect([origin, await outcome(rig.socket('/ws', { headers: { cookie, origin } }))]).toEqual([origin, 403])
})

test('A24: a page of another origin is refused without the key, and let in with it', async () => {
  await using rig = await startRig()
  const origin = 'https://evil.example'
  expect(await outcome(rig.socket('/ws', { headers: { origin } }))).toBe(403)
  expect(await outcome(rig.socket(`/ws?key=${KEY}`, { headers: { origin } }))).toBe(101)
  expect(await outcome(rig.socket('/ws', { headers: { origin, 'x-ghost-key': KEY } }))).toBe(101)
})

test('a page that came through a proxy is at home under the name that the proxy passed on', async () => {
  await using rig = await startRig()
  const cookie = await pageCookie(rig)
  const from = (origin: string) =>
    outcome(rig.socket('/ws', { headers: { cookie, host: 'ghost.example', origin } }))
  expect(await from('https://ghost.example')).toBe(101)
  for (const origin of [
    'https://ghost.example.evil.example',
    'https://evil-ghost.example',
    'https://example',
  ])
    expect([origin, await from(origin)]).toEqual([origin, 403])
})

test('A34: no other path is a socket', async () => {
  await using rig = await startRig()
  for (const path of ['/', '/api/chat', '/ws/', '/wsx', '/healthz', '//ws', '/api/ws'])
    expect([path, await outcome(rig.socket(path, { headers: { 'x-ghost-key': KEY } }))]).not.toEqual([
      path,
      101,
    ])
  expect((await rig.fetch('/healthz')).status).toBe(200)
})

test.each([
  [
    'another method',
    ['POST /ws HTTP/1.1', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='],
  ],
  [
    'another version',
    ['GET /ws HTTP/1.1', 'Sec-WebSocket-Version: 12', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA=='],
  ],
  ['no version', ['GET /ws HTTP/1.1', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==']],
  ['a nonce that is none', ['GET /ws HTTP/1.1', 'Sec-WebSocket-Version: 13', 'Sec-WebSocket-Key: short']],
  ['no nonce', ['GET /ws HTTP/1.1', 'Sec-WebSocket-Version: 13']],
  [
    'a broken list of protocols',
    [
      'GET /ws HTTP/1.1',
      'Sec-WebSocket-Version: 13',
      'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
      'Sec-WebSocket-Protocol: ,',
    ],
  ],
])(
  'A34: a handshake with %s is refused like everything else that is malformed',
  async (_, [line, ...headers]) => {
    await using rig = await startRig()
    const wire = rig.wire()
    await wire.write(
      [
        line,
        'Host: a',
        'Connection: Upgrade',
        'Upgrade: websocket',
        `X-Ghost-Key: ${KEY}`,
        ...headers,
        '',
        '',
      ].join('\r\n'),
    )
    await within('the end', wire.over)
    const answer = parseAnswer(wire.heard)
    expect(answer.status).toBe(400)
    expect(JSON.parse(String(answer.body))).toEqual({
      error: expect.stringMatching(/./),
      code: 'bad_request',
    })
    expect(answer.header('x-content-type-options')).toBe('nosniff')
    expect(answer.header('referrer-policy')).toBe('no-referrer')
    expect(answer.header('cache-control')).toBe('no-store')
    expect(answer.header('sec-websocket-version')).toBe('13')
  },
)

test('A31: compression is not agreed to, so that no message can swell', async () => {
  await using rig = await startRig()
  const socket = rig.socket('/ws', { headers: { 'x-ghost-key': KEY }, perMessageDeflate: true })
  expect(await outcome(socket)).toBe(101)
  expect(socket.extensions).toBe('')
})

test('A20: too many failed sockets are refused like any other failed attempt', async () => {
  await using rig = await startRig()
  for (let n = 0; n < 300; n += 1) {
    const response = await rig.stranger('/api/chat/tasks', { headers: { 'x-ghost-key': 'guess' } })
    await response.text()
  }
  expect(await outcome(rig.socket('/ws?key=guess'))).toBe(429)
  expect(await outcome(rig.socket(`/ws?key=${KEY}`))).toBe(101)
})
