import { once } from 'node:events'
import { connect } from 'node:net'
import { expect, test } from 'vitest'
import { DONE, delta, sse, stop } from '../rig/answers.ts'
import { makeCertificate } from '../rig/certificate.ts'
import { connect2 } from '../rig/h2.ts'
import { FORM, fileForm } from '../rig/multipart.ts'
import { KEY, startRig } from '../rig/rig.ts'
import { eventually, gate, within } from '../rig/wait.ts'

const REFUSED = { error: expect.stringMatching(/./), code: 'too_many_requests' }
const WITH_KEY = { headers: { 'x-ghost-key': KEY } }

test('A32, A44: whoever holds hundreds of connections open and says nothing keeps nobody out, and its oldest is closed', async () => {
  await using rig = await startRig()
  const rest = gate()
  rig.agent.play('POST /api/chat', sse(delta('a'), rest, delta('b'), stop(), DONE))
  const known = await rig.chat()
  await known.next()
  const silent = Array.from({ length: 520 }, () => connect(rig.port, '127.0.0.1').on('error', () => {}))
  await within('all of them to be there', Promise.all(silent.map((socket) => once(socket, 'connect'))))
  const dropped = async () =>
    Number(/^ghost_dropped_strangers_total (\d+)$/m.exec(await (await rig.fetch('/metrics')).text())?.[1])
  await eventually('one of them to make room', async () => {
    const one = connect(rig.port, '127.0.0.1').on('error', () => {})
    silent.push(one)
    await once(one, 'connect')
    return (await dropped()) > 0
  })
  await eventually('the oldest to hear of it', () => silent.slice(0, 20).some((socket) => socket.closed))
  expect((await rig.fetch('/api/chat/tasks')).status).toBe(200)
  rest.open()
  expect(JSON.stringify(await known.rest())).toContain('[DONE]')
  for (const socket of silent) socket.destroy()
})

test('who has shown the key is no stranger any more, over TLS with HTTP/1.1 and with HTTP/2 too', async () => {
  await using certificate = await makeCertificate()
  await using rig = await startRig({ env: certificate.env })
  const strangers = async () => {
    const figures = await (await rig.fetch('/metrics')).text()
    return Number(/^ghost_strangers (\d+)$/m.exec(figures)?.[1])
  }
  expect(await strangers()).toBe(0)
  await using connection = await connect2(rig.url)
  await connection.ask('GET', '/healthz')
  expect(await strangers()).toBe(1)
  await connection.ask('GET', '/api/chat/tasks', WITH_KEY)
  expect(await strangers()).toBe(0)
})

test('A44: a form that trickles in without a key is answered 408 when its time is over, however it moves', async () => {
  await using rig = await startRig({ timing: { strangerMs: 300 } })
  const wire = rig.wire()
  await wire.write('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000\r\n\r\nkey=')
  const trickle = setInterval(() => void wire.write('a').catch(() => {}), 20)
  await within('the answer', wire.until('request_timeout'))
  clearInterval(trickle)
  expect(String(wire.heard)).toMatch(/^HTTP\/1\.1 408 /)
})

test('with the key a body may take longer than that, as long as it moves', async () => {
  await using rig = await startRig({ timing: { strangerMs: 50 } })
  const body = JSON.stringify({ messages: [], stream: false })
  const wire = rig.wire()
  await wire.write(
    `POST /api/chat HTTP/1.1\r\nHost: a\r\nX-Ghost-Key: ${KEY}\r\nContent-Length: ${body.length}\r\nConnection: close\r\n\r\n`,
  )
  for (const letter of body) {
    await wire.write(letter)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
  await within('the answer', wire.until('\r\n\r\n'))
  expect(String(wire.heard)).toMatch(/^HTTP\/1\.1 200 /)
})

test('answers at once: one more is refused with the time to wait, what runs goes on, and one that is over makes room', async () => {
  await using rig = await startRig({ env: { GHOST_CLIENT_STREAMS: '1' } })
  const rest = gate()
  rig.agent.play('POST /api/chat', sse(delta('a'), rest, delta('b'), stop(), DONE))
  const first = await rig.chat()
  await first.next()
  for (const path of ['/api/chat', `/api/chat/resume/${first.taskId}`]) {
    const refused = await rig.fetch(
      path,
      path === '/api/chat' ? { method: 'POST', body: '{"messages":[]}' } : {},
    )
    expect(refused.status).toBe(429)
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0)
    expect(await refused.json()).toEqual(REFUSED)
  }
  expect((await rig.fetch(`/api/chat/task/${first.taskId}`)).status).toBe(200)
  rest.open()
  expect(JSON.stringify(await first.rest())).toContain('[DONE]')
  await eventually('the next one to be taken', async () => {
    const next = await rig.resume(first.taskId)
    await next.rest()
    return next.status === 200
  })
})

test('answers asked for in one go, one behind the other, leave their places when their connection breaks', async () => {
  await using rig = await startRig({ env: { GHOST_CLIENT_STREAMS: '2' } })
  rig.agent.play('POST /api/chat', sse(delta('a'), gate(), DONE))
  const body = '{"messages":[]}'
  const ask = `POST /api/chat HTTP/1.1\r\nHost: a\r\nX-Ghost-Key: ${KEY}\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  const wire = rig.wire()
  await wire.write(`${ask}${ask}`)
  await eventually('both to be taken', async () => (await rig.fetch('/api/chat/resume/none')).status === 429)
  wire.reset()
  const next: { status: number; leave(): void }[] = []
  await eventually('two others to be let in', async () => {
    const one = await rig.chat()
    if (one.status === 200) next.push(one)
    return next.length === 2
  })
  for (const one of next) one.leave()
})

test('uploads at once: one more is refused before its body is taken', async () => {
  await using rig = await startRig({ env: { GHOST_CLIENT_UPLOADS: '1' } })
  const wire = rig.wire()
  const form = fileForm('x')
  await wire.write(
    `POST /api/upload HTTP/1.1\r\nHost: a\r\nX-Ghost-Key: ${KEY}\r\nContent-Type: ${FORM['content-type']}\r\nContent-Length: ${form.length}\r\n\r\n`,
  )
  const upload = () => rig.fetch('/api/upload', { method: 'POST', headers: FORM, body: form })
  const refused = await eventually('an upload to be refused', async () => {
    const response = await upload()
    const said = await response.json()
    return response.status === 429 && said
  })
  expect(refused).toEqual(REFUSED)
  wire.leave()
  await eventually('the next one to be taken', async () => (await upload()).status === 200)
})

test('listeners of the log at once: one more is refused before it opens, and one that left makes room', async () => {
  await using rig = await startRig({ env: { GHOST_CLIENT_SOCKETS: '1' } })
  const first = rig.socket('/ws', WITH_KEY)
  await within('the first to open', once(first, 'open'))
  const refused = rig.socket('/ws', WITH_KEY).on('error', () => {})
  const [, response] = await within('the second to be refused', once(refused, 'unexpected-response'))
  expect(response.statusCode).toBe(429)
  expect(Number(response.headers['retry-after'])).toBeGreaterThan(0)
  first.close()
  await eventually('the next one to be let in', async () => {
    const next = rig.socket('/ws', WITH_KEY).on('error', () => {})
    const opened = once(next, 'open').then(() => true)
    return Promise.race([opened, once(next, 'unexpected-response').then(() => false)])
  })
})

test('requests in a minute: one more is refused by every door that asks for the key, and those without one are open', async () => {
  await using rig = await startRig({ env: { GHOST_CLIENT_REQUESTS: '3' } })
  for (let n = 0; n < 3; n += 1) expect((await rig.fetch('/api/chat/tasks')).status).toBe(200)
  for (const path of ['/api/chat/tasks', '/metrics', '/docs']) {
    const refused = await rig.fetch(path)
    expect(refused.status).toBe(429)
    expect(await refused.json()).toEqual(REFUSED)
  }
  expect((await rig.stranger('/healthz')).status).toBe(200)
})

test('an OPTIONS that is no preflight is a request like others, and counted once', async () => {
  await using rig = await startRig({ env: { GHOST_CLIENT_REQUESTS: '2' } })
  const asked = { ...WITH_KEY, method: 'OPTIONS' }
  expect((await fetch(`${rig.url}/api/chat`, { method: 'OPTIONS' })).status).toBe(401)
  expect((await fetch(`${rig.url}/api/chat`, asked)).status).toBe(404)
  expect((await fetch(`${rig.url}/api/chat`, asked)).status).toBe(404)
  expect((await fetch(`${rig.url}/api/chat`, asked)).status).toBe(429)
})
