import { createHash, randomBytes } from 'node:crypto'
import { describe, expect, test } from 'vitest'
import { head, json, raw } from '../rig/answers.ts'
import type { Call } from '../rig/call.ts'
import { envelope, FORM, fileForm, form } from '../rig/multipart.ts'
import { KEY, type Rig, startRig } from '../rig/rig.ts'
import { within } from '../rig/wait.ts'
import { refusal } from './refusal.ts'

/** What the agent was handed as `file`, whatever envelope it came in. */
async function received(call: Call) {
  const { bytes, complete } = await call.read()
  const boundary = /boundary="?([^";]+)/.exec(call.headers['content-type'] ?? '')?.[1] ?? 'none'
  const start = bytes.indexOf('\r\n\r\n') + 4
  const end = bytes.lastIndexOf(`\r\n--${boundary}--`)
  return { head: bytes.subarray(0, start).toString('utf8'), file: bytes.subarray(start, end), complete }
}

const post = (rig: Rig, path: string, body: Buffer, headers: Record<string, string> = FORM) =>
  rig.fetch(path, { method: 'POST', headers, body })

/** The head of an upload that will come piece by piece. */
const opening = (path: string, ...headers: readonly string[]) =>
  [
    `POST ${path} HTTP/1.1`,
    'Host: a',
    `X-Ghost-Key: ${KEY}`,
    `Content-Type: ${FORM['content-type']}`,
    ...headers,
    '',
    '',
  ].join('\r\n')
const httpChunk = (bytes: Buffer) =>
  Buffer.concat([Buffer.from(`${bytes.length.toString(16)}\r\n`), bytes, Buffer.from('\r\n')])

describe.each(['/api/upload', '/api/workspace/load'])('%s', (path) => {
  const route = `POST ${path}`

  test("hands the agent the file's exact bytes and the browser the agent's exact answer", async () => {
    await using rig = await startRig()
    rig.agent.play(route, json(201, '{ "filename": "stored é", "size": 12345678901234567890 }'))
    for (const bytes of [
      Buffer.alloc(0),
      randomBytes(3_000_000),
      Buffer.from(`\r\n--${FORM['content-type'].split('=')[1]}x\r\n\r\n--`),
    ]) {
      const response = await post(rig, path, fileForm(bytes))
      expect(response.status).toBe(201)
      expect(await response.text()).toBe('{ "filename": "stored é", "size": 12345678901234567890 }')
      const { file, complete } = await received(
        await rig.agent.called(route, rig.agent.callsOf(route).length),
      )
      expect(complete).toBe(true)
      expect(createHash('sha256').update(file).digest('hex')).toBe(
        createHash('sha256').update(bytes).digest('hex'),
      )
    }
  })

  test.each(['файл 🎉.txt', 'a b (1).tar.gz', "it's; a=b.txt", '%41.txt', 'image.jpg'])(
    'A70: hands the name %s on as it is',
    async (name) => {
      await using rig = await startRig()
      await post(rig, path, fileForm('x', name))
      const { head: part } = await received(await rig.agent.called(route))
      expect(part).toContain(`filename="${name}"`)
      expect(part).toMatch(/name="file"/)
    },
  )

  test('passes the bytes on while they come', async () => {
    await using rig = await startRig()
    const { before, after } = envelope()
    const half = randomBytes(1_000_000)
    const wire = rig.wire()
    await wire.write(opening(path, `Content-Length: ${before.length + 2 * half.length + after.length}`))
    await wire.write(Buffer.concat([before, half]))
    rig.agent.play(route, async (call) => {
      await call.read()
      call.head(200, { 'content-type': 'application/json' })
      call.end('{"done":true}')
    })
    const call = await rig.agent.called(route)
    await call.receivedAtLeast(900_000)
    await wire.write(Buffer.concat([half, after]))
    await wire.until('{"done":true}')
  })

  test('of a body without a declared length passes as well', async () => {
    await using rig = await startRig()
    const { before, after } = envelope()
    const wire = rig.wire()
    await wire.write(opening(path, 'Transfer-Encoding: chunked'))
    for (const piece of [before, Buffer.from('one '), Buffer.from('two'), after])
      await wire.write(httpChunk(piece))
    await wire.write('0\r\n\r\n')
    await wire.until('HTTP/1.1 200')
    expect(String((await received(await rig.agent.called(route))).file)).toBe('one two')
  })

  test('A69: a body of exactly the limit passes, and a declared byte more is refused before it comes', async () => {
    const body = fileForm(randomBytes(5_000))
    await using rig = await startRig({ env: { GHOST_MAX_UPLOAD_BYTES: String(body.length) } })
    expect((await post(rig, path, body)).status).toBe(200)
    const wire = rig.wire()
    await wire.write(opening(path, `Content-Length: ${body.length + 1}`))
    await wire.until('"body_too_large"')
    expect(String(wire.heard)).toMatch(/^HTTP\/1.1 413 /)
    expect(rig.agent.callsOf(route)).toHaveLength(1)
  })

  test("A69: an undeclared byte over the limit is refused, and the agent's request is aborted", async () => {
    await using rig = await startRig({ env: { GHOST_MAX_UPLOAD_BYTES: '500000' } })
    const { before } = envelope()
    const wire = rig.wire()
    await wire.write(opening(path, 'Transfer-Encoding: chunked'))
    await wire.write(httpChunk(Buffer.concat([before, randomBytes(400_000)])))
    const call = await rig.agent.called(route)
    await call.receivedAtLeast(300_000)
    await wire.write(httpChunk(randomBytes(200_000)))
    await wire.until('"body_too_large"')
    expect(String(wire.heard)).toMatch(/^HTTP\/1.1 413 /)
    expect((await call.read()).complete).toBe(false)
    await call.closed
  })

  test("F37: a client that goes away in the middle takes the agent's request with it", async () => {
    await using rig = await startRig()
    const { before } = envelope()
    const wire = rig.wire()
    await wire.write(opening(path, 'Content-Length: 5000000'))
    await wire.write(Buffer.concat([before, randomBytes(500_000)]))
    const call = await rig.agent.called(route)
    await call.receivedAtLeast(300_000)
    wire.reset()
    expect((await call.read()).complete).toBe(false)
    await call.closed
  })

  test.each<readonly [string, Buffer]>([
    ['no part at all', form()],
    ['a part of another name', form({ name: 'data', filename: 'a.bin', bytes: 'x' })],
    ['text in place of the file', form({ name: 'file', bytes: 'x' })],
    ['a text field only', form({ name: 'note', bytes: 'x' })],
    ['nothing', Buffer.alloc(0)],
  ])('A69: a form with %s has no file', async (_what, body) => {
    await using rig = await startRig()
    expect(await refusal(await post(rig, path, body))).toMatchObject({ status: 400, code: 'missing_file' })
    for (const call of rig.agent.callsOf(route)) expect((await call.read()).complete).toBe(false)
  })

  test.each([
    ['application/json', '{"file":"x"}'],
    ['text/plain', 'x'],
    ['multipart/form-data', 'x'],
    ['multipart/form-data; boundary=', 'x'],
    ['application/x-www-form-urlencoded', 'file=x'],
  ])('A54, A69: a body of %s is no form', async (type, body) => {
    await using rig = await startRig()
    const { status } = await refusal(await post(rig, path, Buffer.from(body), { 'content-type': type }))
    expect(status).toBeGreaterThanOrEqual(400)
    expect(status).toBeLessThan(500)
    expect(rig.agent.callsOf(route)).toEqual([])
  })

  test.each(['while it sends', 'when all is sent'])(
    'F38: an agent that refuses at once is heard by a client that listens only %s',
    async (when) => {
      await using rig = await startRig()
      const answer = '{"error":"the agent takes no such thing"}'
      rig.agent.play(route, async (call) => {
        const refused = [
          'content-type: application/json',
          `content-length: ${answer.length}`,
          'connection: close',
        ]
        await call.raw(head('413 Payload Too Large', ...refused) + answer)
        call.fin()
      })
      const { before, after } = envelope()
      const bytes = Buffer.concat([before, randomBytes(20_000_000), after])
      const wire = rig.wire()
      await wire.write(opening(path, `Content-Length: ${bytes.length}`))
      if (when === 'when all is sent') wire.socket.pause()
      await within('the whole body is sent', wire.write(bytes))
      wire.socket.resume()
      await wire.until('the agent takes no such thing')
      expect(String(wire.heard)).toMatch(/^HTTP\/1.1 413 /)
    },
  )

  test('an agent that breaks off in the middle is a 502, and nothing is sent twice', async () => {
    await using rig = await startRig()
    rig.agent.play(route, async (call) => {
      void call.read()
      await call.receivedAtLeast(100_000)
      call.rst()
    })
    const response = await post(rig, path, fileForm(randomBytes(4_000_000)))
    expect((await refusal(response)).status).toBe(502)
    expect(rig.agent.callsOf(route)).toHaveLength(1)
  })

  test('is told to the agent with the key, and with nothing of the browser', async () => {
    await using rig = await startRig()
    rig.agent.play(route, raw(head('200 OK', 'content-length: 2', 'content-type: application/json'), '{}'))
    await post(rig, path, fileForm('x'), { ...FORM, cookie: 'a=b', authorization: 'Bearer b' })
    const { headers } = await rig.agent.called(route)
    expect(headers).toMatchObject({ 'x-ghost-key': KEY })
    expect(headers['content-type']).toMatch(/^multipart\/form-data; *boundary=/)
    expect(headers.cookie).toBeUndefined()
    expect(headers.authorization).toBeUndefined()
  })
})
