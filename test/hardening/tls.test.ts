import { writeFile } from 'node:fs/promises'
import { connect, type TLSSocket } from 'node:tls'
import { expect, test } from 'vitest'
import { Certificate } from '../../src/gateway/certificate.ts'
import { newListener } from '../../src/gateway/listener.ts'
import { DONE, delta, sse, stop } from '../rig/answers.ts'
import { makeCertificate } from '../rig/certificate.ts'
import { connect2 } from '../rig/h2.ts'
import { readLog } from '../rig/logsocket.ts'
import { FORM, fileForm } from '../rig/multipart.ts'
import { KEY, startRig } from '../rig/rig.ts'
import { freePort, launch } from '../rig/server.ts'
import { eventually, gate, within } from '../rig/wait.ts'

const dial = async (port: number, options: object = {}) => {
  const socket = connect({
    port,
    host: '127.0.0.1',
    rejectUnauthorized: false,
    ALPNProtocols: ['http/1.1'],
    ...options,
  })
  await within(
    'a handshake',
    new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject)),
  )
  return socket
}
const heardBy = async (socket: TLSSocket) => {
  const pieces: Buffer[] = []
  for await (const piece of socket) pieces.push(piece)
  return String(Buffer.concat(pieces))
}

test('with a certificate the gateway speaks HTTP/1.1 over TLS: a stream, an upload, the log', async () => {
  await using certificate = await makeCertificate()
  await using rig = await startRig({ env: certificate.env })
  expect(rig.url).toMatch(/^https:/)
  await writeFile(rig.agentLog, 'a line\n')
  const log = await readLog(rig.socket('/ws', { headers: { 'x-ghost-key': KEY } }))
  await log.until('a line')
  const stream = await rig.chat()
  expect(await stream.rest()).not.toHaveLength(0)
  const upload = await rig.fetch('/api/upload', { method: 'POST', headers: FORM, body: fileForm('x') })
  expect(await upload.json()).toEqual({ filename: 'stored' })
})

test('who half-closes after the question still gets the answer, over TLS too', async () => {
  await using certificate = await makeCertificate()
  await using rig = await startRig({ env: certificate.env })
  const rest = gate()
  rig.agent.play('POST /api/chat', sse(delta('a'), rest, delta('b'), stop(), DONE))
  const socket = await dial(rig.port, { allowHalfOpen: true })
  const body = '{"messages":[],"stream":true}'
  const heard = heardBy(socket)
  socket.end(
    `POST /api/chat HTTP/1.1\r\nHost: a\r\nConnection: close\r\nX-Ghost-Key: ${KEY}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  )
  await rig.agent.called('POST /api/chat')
  rest.open()
  expect(await within('the answer', heard)).toContain('[DONE]')
})

test('a word goes out at once and does not wait for the last one to be acknowledged, over TLS too', async () => {
  await using made = await makeCertificate()
  const say = { info() {}, warn() {} }
  const certificate = await Certificate.open({ cert: made.cert, key: made.key }, say)
  for (const pair of [undefined, certificate])
    expect(newListener(() => {}, pair)).toMatchObject({ noDelay: true })
})

test('nothing older than TLS 1.2 is spoken', async () => {
  await using certificate = await makeCertificate()
  await using rig = await startRig({ env: certificate.env })
  const old = { minVersion: 'TLSv1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' }
  await expect(dial(rig.port, old)).rejects.toThrow()
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3']) {
    const socket = await dial(rig.port, { maxVersion })
    expect(socket.getProtocol()).toBe(maxVersion)
    socket.destroy()
  }
})

test('A11: over TLS the cookie is Secure, with HTTP/2 and with HTTP/1.1', async () => {
  await using certificate = await makeCertificate()
  await using rig = await startRig({ env: certificate.env })
  const form = { method: 'POST', body: new URLSearchParams({ key: KEY }).toString() }
  expect((await rig.stranger('/', form)).headers.get('set-cookie')).toMatch(/; Secure$/)
  await using connection = await connect2(rig.url)
  const entered = await connection.ask('POST', '/', { body: form.body })
  expect(entered.headers['set-cookie']).toEqual([expect.stringMatching(/; Secure$/)])
  const left = await connection.ask('POST', '/leave', { headers: { origin: rig.url } })
  expect(left.status).toBe(303)
  expect(
    (await connection.ask('POST', '/leave', { headers: { origin: 'https://evil.example' } })).status,
  ).toBe(403)
})

test('a renewed certificate is used without a restart, a broken one is told in one line and not used', async () => {
  await using certificate = await makeCertificate()
  await using rig = await startRig({ env: certificate.env, timing: { renewalMs: 20 } })
  const shown = async () => {
    const socket = await dial(rig.port)
    const { serialNumber, fingerprint256 } = socket.getPeerCertificate()
    socket.destroy()
    return serialNumber + fingerprint256
  }
  const first = await shown()
  const open = await connect2(rig.url)
  await certificate.renew()
  const second = await eventually('the new certificate', async () => {
    const now = await shown()
    return now !== first && now
  })
  await writeFile(certificate.key, 'no key')
  await certificate.renew()
  const third = await eventually('the next one', async () => {
    const now = await shown()
    return now !== second && now
  })
  expect(third).not.toBe(first)
  // What was open goes on.
  expect((await open.ask('GET', '/healthz')).status).toBe(200)
  await open[Symbol.asyncDispose]()
})

test('what ends within 21 days or has ended is told in /readyz, which stays 200', async () => {
  for (const [days, state] of [
    [365, 'valid'],
    [20, 'expiring'],
    [-1, 'expired'],
  ] as const) {
    await using certificate = await makeCertificate(days)
    await using rig = await startRig({ env: certificate.env })
    const response = await rig.stranger('/readyz')
    expect(response.status).toBe(200)
    expect(await response.json()).toMatchObject({
      status: 'ready',
      certificate: { state, expires: expect.stringMatching(/^\d{4}-.*Z$/) },
    })
  }
  await using plain = await startRig()
  expect(await (await plain.stranger('/readyz')).json()).not.toHaveProperty('certificate')
})

test('a pair that cannot be used ends the start with a sentence that names the variable', async () => {
  await using one = await makeCertificate()
  await using other = await makeCertificate()
  await writeFile(`${one.dir}/text.pem`, 'this is no PEM')
  const text = `${one.dir}/text.pem`
  for (const [env, sentence] of [
    [{ GHOST_TLS_CERT: one.cert }, /GHOST_TLS_KEY is not set/],
    [{ GHOST_TLS_KEY: one.key }, /GHOST_TLS_CERT is not set/],
    [
      { GHOST_TLS_CERT: '/nowhere.pem', GHOST_TLS_KEY: one.key },
      /GHOST_TLS_CERT=\/nowhere.pem cannot be read \(ENOENT\)/,
    ],
    [
      { GHOST_TLS_CERT: one.cert, GHOST_TLS_KEY: '/nowhere.pem' },
      /GHOST_TLS_KEY=\/nowhere.pem cannot be read \(ENOENT\)/,
    ],
    [{ GHOST_TLS_CERT: text, GHOST_TLS_KEY: one.key }, /GHOST_TLS_CERT=.* holds no certificate/],
    [{ GHOST_TLS_CERT: one.cert, GHOST_TLS_KEY: text }, /GHOST_TLS_KEY=.* holds no private key/],
    [
      { GHOST_TLS_CERT: one.cert, GHOST_TLS_KEY: other.key },
      /GHOST_TLS_KEY=.* is not the key of the certificate in GHOST_TLS_CERT=/,
    ],
  ] as const) {
    const port = String(await freePort())
    const { exited } = launch({
      cwd: one.dir,
      env: {
        GHOST_API_KEY: KEY,
        HOST: '127.0.0.1',
        PORT: port,
        GHOST_AGENT_URL: 'http://127.0.0.1:9',
        ...env,
      },
    })
    const run = await within('the end of a start that must fail', exited)
    expect(run.exitCode).toBe(1)
    expect(run.stderr).toMatch(sentence)
    expect(run.stderr.trim().split('\n')).toHaveLength(1)
  }
})

test('the log says once that it expires, once that a new pair is broken, and when it was renewed', async () => {
  await using certificate = await makeCertificate(20)
  const said: string[] = []
  const say = { info: (line: string) => said.push(`info: ${line}`), warn: (line: string) => said.push(line) }
  const watched = await Certificate.open({ cert: certificate.cert, key: certificate.key }, say)
  expect(said).toEqual([expect.stringMatching(/^the certificate in GHOST_TLS_CERT expires soon: /)])
  const stopped = new AbortController()
  let taken = 0
  const over = watched.watch(2, stopped.signal, () => {
    taken += 1
  })
  await writeFile(certificate.key, 'no key')
  await eventually('a word of the broken pair', () => said.length === 2)
  await certificate.renew()
  await eventually('a word of the new pair', () => said.length === 3)
  stopped.abort()
  await over
  expect(said.slice(1)).toEqual([
    expect.stringMatching(/^GHOST_TLS_KEY=.* holds no private key .*; the certificate before it stays$/),
    expect.stringMatching(/^info: the certificate was renewed; it expires /),
  ])
  expect(taken).toBe(1)
})
