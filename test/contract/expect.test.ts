import { expect, test } from 'vitest'
import { FORM, fileForm } from '../rig/multipart.ts'
import { KEY, type Rig, startRig } from '../rig/rig.ts'

const CHAT = '{"messages":[],"stream":false}'

const ask = async (rig: Rig, path: string, length: number, ...headers: string[]) => {
  const wire = rig.wire()
  await wire.write(
    [
      `POST ${path} HTTP/1.1`,
      'Host: a',
      `Content-Length: ${length}`,
      'Expect: 100-continue',
      ...headers,
      '',
      '',
    ].join('\r\n'),
  )
  return wire
}

test('who asks before sending is told to go on, and then heard', async () => {
  await using rig = await startRig()
  const wire = await ask(rig, '/api/chat', CHAT.length, `X-Ghost-Key: ${KEY}`, 'Connection: close')
  await wire.until('100 Continue\r\n\r\n')
  expect(rig.agent.calls).toEqual([])
  await wire.write(CHAT)
  await wire.until('HTTP/1.1 200 OK')
  expect(await (await rig.agent.called('POST /api/chat')).json()).toEqual(JSON.parse(CHAT))
})

test('an upload that was asked about first passes as well', async () => {
  await using rig = await startRig()
  const body = fileForm('bytes')
  const type = `Content-Type: ${FORM['content-type']}`
  const wire = await ask(rig, '/api/upload', body.length, `X-Ghost-Key: ${KEY}`, type, 'Connection: close')
  await wire.until('100 Continue\r\n\r\n')
  await wire.write(body)
  await wire.until('HTTP/1.1 200 OK')
  expect((await (await rig.agent.called('POST /api/upload')).read()).length).toBe(body.length)
})

test.each([
  ['without the key', '/api/chat', 30, [], 401],
  ['with a body over the limit', '/api/chat', 2_001, [`X-Ghost-Key: ${KEY}`], 413],
  [
    'with an upload over the limit',
    '/api/upload',
    3_001,
    [`X-Ghost-Key: ${KEY}`, 'Content-Type: multipart/form-data; boundary=x'],
    413,
  ],
] as const)(
  'A50: who asks %s is refused at once, and nobody asks for the body',
  async (_, path, length, headers, status) => {
    await using rig = await startRig({
      env: { GHOST_MAX_JSON_BYTES: '2000', GHOST_MAX_UPLOAD_BYTES: '3000' },
    })
    const wire = await ask(rig, path, length, ...headers)
    await wire.until('"code"')
    expect(String(wire.heard)).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(String(wire.heard)).toMatch(/^connection: close\r$/im)
    expect(String(wire.heard)).not.toContain('100 Continue')
  },
)

test('an expectation that nobody knows is no reason to refuse', async () => {
  await using rig = await startRig()
  const wire = rig.wire()
  await wire.write(
    `GET /api/chat/tasks HTTP/1.1\r\nHost: a\r\nExpect: wonders\r\nX-Ghost-Key: ${KEY}\r\nConnection: close\r\n\r\n`,
  )
  expect((await wire.answer()).status).toBe(200)
})
