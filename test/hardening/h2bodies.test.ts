import { createHash, randomBytes } from 'node:crypto'
import { type ClientHttp2Stream, constants } from 'node:http2'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { endless, fin, head, httpChunk, json, raw } from '../rig/answers.ts'
import { type MadeCertificate, makeCertificate } from '../rig/certificate.ts'
import { words } from '../rig/events.ts'
import { connect2 } from '../rig/h2.ts'
import { envelope, FORM, fileForm } from '../rig/multipart.ts'
import { messages, type RigOptions, startRig } from '../rig/rig.ts'
import { deferred, eventually, gate, within } from '../rig/wait.ts'

let certificate: MadeCertificate
beforeAll(async () => {
  certificate = await makeCertificate()
})
afterAll(() => certificate[Symbol.asyncDispose]())

const startTlsRig = (options: RigOptions = {}) =>
  startRig({ ...options, env: { ...certificate.env, ...options.env } })

describe('uploads', () => {
  const ROUTE = 'POST /api/upload'

  test('bring the exact bytes, with and without a declared length', async () => {
    await using rig = await startTlsRig()
    await using connection = await connect2(rig.url)
    const body = fileForm(randomBytes(3_000_000))
    for (const length of [{}, { 'content-length': String(body.length) }]) {
      const answer = await connection.ask('POST', '/api/upload', { headers: { ...FORM, ...length }, body })
      expect(await answer.json()).toEqual({ filename: 'stored' })
    }
    for (const call of rig.agent.callsOf(ROUTE))
      expect((await call.read()).sha256).toBe(createHash('sha256').update(body).digest('hex'))
  })

  test.each([
    ['is reset', (stream: ClientHttp2Stream) => stream.close(constants.NGHTTP2_CANCEL)],
    ['loses its connection', (stream: ClientHttp2Stream) => stream.session?.destroy()],
  ])('one that %s never looks whole to the agent', async (_, leave) => {
    await using rig = await startTlsRig()
    await using connection = await connect2(rig.url)
    const left = gate()
    const told = deferred<boolean>()
    rig.agent.play(ROUTE, async (call) => {
      await left.opened
      told.resolve((await call.read()).complete)
    })
    const { stream } = connection.open('POST', '/api/upload', FORM)
    stream.write(fileForm(Buffer.alloc(16_000_000)))
    await rig.agent.called(ROUTE)
    leave(stream)
    left.open()
    expect(await within('the end of the call', told.promise)).toBe(false)
  })

  test('over the limit are refused while they come', async () => {
    await using rig = await startTlsRig({ env: { GHOST_MAX_UPLOAD_BYTES: '200000' } })
    await using connection = await connect2(rig.url)
    const { stream, answer } = connection.open('POST', '/api/upload', FORM)
    stream.write(Buffer.concat([envelope().before, Buffer.alloc(250_000)]))
    const refused = await within('the refusal', answer)
    expect(refused.status).toBe(413)
    expect(await refused.json()).toMatchObject({ code: 'body_too_large' })
    expect((await connection.ask('GET', '/healthz')).status).toBe(200)
  })

  test('that the agent does not take hold up nothing else on the connection', async () => {
    await using rig = await startTlsRig()
    await using connection = await connect2(rig.url)
    const take = gate()
    rig.agent.play(ROUTE, async (call) => {
      await take.opened
      await json(200, { length: (await call.read()).length })(call)
    })
    const body = fileForm(Buffer.alloc(12_000_000))
    const uploads = [0, 1, 2].map(() => {
      const { stream, answer } = connection.open('POST', '/api/upload', FORM)
      stream.end(body)
      return answer
    })
    await rig.agent.called(ROUTE, 3)
    const chat = await connection.ask('POST', '/api/chat', {
      body: JSON.stringify({ messages: messages('x'.repeat(100_000)), stream: true }),
    })
    expect(words(await chat.events().rest())).toBe('hello')
    take.open()
    for (const answer of uploads)
      expect(await (await within('an upload', answer)).json()).toEqual({ length: body.length })
  })
})

describe('downloads', () => {
  const ROUTE = 'GET /api/download/'

  test('bring the exact bytes', async () => {
    await using rig = await startTlsRig()
    await using connection = await connect2(rig.url)
    const bytes = randomBytes(5_000_000)
    rig.agent.play(ROUTE, (call) => {
      call.head(200, { 'content-length': String(bytes.length) })
      call.end(bytes)
    })
    expect((await (await connection.ask('GET', '/api/download/a')).bytes()).equals(bytes)).toBe(true)
  })

  test('that the agent breaks off break off', async () => {
    await using rig = await startTlsRig()
    await using connection = await connect2(rig.url)
    rig.agent.play(ROUTE, raw(head('200 OK', 'transfer-encoding: chunked'), httpChunk('half'), fin))
    const answer = await connection.ask('GET', '/api/download/a')
    await expect(answer.bytes()).rejects.toThrow()
    expect((await connection.ask('GET', '/healthz')).status).toBe(200)
  })

  test('that nobody reads are not taken from the agent either', async () => {
    await using rig = await startTlsRig()
    await using connection = await connect2(rig.url)
    const size = 64 << 20
    let sent = 0
    rig.agent.play(ROUTE, async (call) => {
      call.head(200, { 'content-length': String(size) })
      for (; sent < size; sent += 65_536) await call.write(Buffer.alloc(65_536))
    })
    const answer = await connection.ask('GET', '/api/download/a')
    answer.stream.pause()
    // Forty round trips on the same connection: whatever would flow has flowed.
    for (let at = 0; at < 40; at += 1) await (await connection.ask('GET', '/readyz')).text()
    expect(sent).toBeLessThan(size / 2)
  })
})

test('A44: a reader that takes nothing of a file is cut off, the agent is freed, and the connection goes on', async () => {
  await using rig = await startTlsRig({ timing: { stallMs: 200 } })
  await using connection = await connect2(rig.url)
  rig.agent.play('GET /api/download/', endless('application/octet-stream'))
  const file = await connection.ask('GET', '/api/download/a')
  file.stream.pause()
  const call = await rig.agent.called('GET /api/download/')
  await within('the end of the call', call.closed)
  expect((await connection.ask('GET', '/api/chat/tasks')).status).toBe(200)
})

test('an answer that is whole before it is taken leaves no timer behind', async () => {
  await using rig = await startTlsRig()
  await using connection = await connect2(rig.url)
  const text = JSON.stringify({ text: 'x'.repeat(50_000) })
  const ask = async () => {
    rig.agent.play('POST /api/chat', json(200, JSON.parse(text)))
    const body = JSON.stringify({ messages: messages(), stream: false })
    const headers = { 'content-type': 'application/json' }
    expect(await (await connection.ask('POST', '/api/chat', { headers, body })).text()).toBe(text)
  }
  await ask()
  const timers = () => process.getActiveResourcesInfo().filter((it) => it === 'Timeout').length
  const before = timers()
  for (let n = 0; n < 20; n++) await ask()
  await eventually('the timers to be gone', () => timers() < before + 10)
})
