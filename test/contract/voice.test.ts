import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { head, json, raw } from '../rig/answers.ts'
import { FORM, fileForm, form } from '../rig/multipart.ts'
import { KEY, startRig } from '../rig/rig.ts'
import { WAVE } from '../rig/voice.ts'
import { gate } from '../rig/wait.ts'
import { refusal } from './refusal.ts'

const listen = (body: Buffer, headers: Record<string, string> = FORM) => ({ method: 'POST', headers, body })

test('speech goes to the voice server as it is, and its words come back as they are', async () => {
  await using rig = await startRig()
  rig.voice.play('POST /stt', json(200, '{"text":"héllo 😀", "confidence": 0.9}'))
  const audio = randomBytes(500_000)
  const response = await rig.fetch('/api/stt', listen(fileForm(audio, 'speech.webm')))
  expect(response.status).toBe(200)
  expect(await response.text()).toBe('{"text":"héllo 😀", "confidence": 0.9}')
  const call = await rig.voice.called('POST /stt')
  const { bytes, complete } = await call.read()
  expect(complete).toBe(true)
  expect(bytes.includes(audio)).toBe(true)
  expect(String(bytes)).toContain('filename="speech.webm"')
  expect(call.headers['content-type']).toMatch(/^multipart\/form-data/)
  expect(rig.agent.calls).toEqual([])
})

test('speech without a file is refused', async () => {
  await using rig = await startRig()
  for (const body of [
    form(),
    form({ name: 'file', bytes: 'text' }),
    form({ name: 'other', filename: 'a', bytes: '' }),
  ])
    expect(await refusal(await rig.fetch('/api/stt', listen(body)))).toMatchObject({
      status: 400,
      code: 'missing_file',
    })
})

test('text goes to the voice server as the same JSON, and comes back as its sound', async () => {
  await using rig = await startRig()
  const sound = randomBytes(200_000)
  rig.voice.play('POST /tts', raw(head('200 OK', 'content-type: audio/ogg', 'content-length: 200000'), sound))
  const response = await rig.post('/api/tts', { text: ' héllo 😀 ', voice: 'anna', speed: 1.5 })
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('audio/ogg')
  expect(Buffer.from(await response.arrayBuffer()).equals(sound)).toBe(true)
  const call = await rig.voice.called('POST /tts')
  expect(await call.json()).toEqual({ text: ' héllo 😀 ', voice: 'anna', speed: 1.5 })
  expect(call.headers['content-type']).toMatch(/^application\/json/)
})

test('sound of no named kind is wave', async () => {
  await using rig = await startRig()
  rig.voice.play('POST /tts', raw(head('200 OK', `content-length: ${WAVE.length}`), WAVE))
  const response = await rig.post('/api/tts', { text: 'a' })
  expect(response.headers.get('content-type')).toBe('audio/wav')
  expect(Buffer.from(await response.arrayBuffer())).toEqual(WAVE)
})

test('the first sound is heard while the last is still to be spoken', async () => {
  await using rig = await startRig()
  const rest = gate()
  rig.voice.play('POST /tts', async (call) => {
    await call.read()
    call.head(200, { 'content-type': 'audio/wav' })
    await call.write('R')
    await rest.opened
    call.end('IFF')
  })
  const response = await rig.post('/api/tts', { text: 'a' })
  const reader = response.body?.getReader()
  const first = await reader?.read()
  expect(Buffer.from(first?.value as Uint8Array).toString()).toBe('R')
  rest.open()
  let sound = ''
  for (let next = await reader?.read(); next && !next.done; next = await reader?.read())
    sound += Buffer.from(next.value as Uint8Array).toString()
  expect(sound).toBe('IFF')
})

test.each([
  '{}',
  '{"text":""}',
  '{"text":" \\n\\t"}',
  '{"text":null}',
  '{"text":5}',
  '{"text":["a"]}',
  '[]',
  'null',
])('A107: there is nothing to say in %s', async (body) => {
  await using rig = await startRig()
  const headers = { 'content-type': 'application/json' }
  expect(await refusal(await rig.fetch('/api/tts', { method: 'POST', headers, body }))).toMatchObject({
    status: 400,
    code: 'invalid_request',
  })
  expect(rig.voice.calls).toEqual([])
})

test('text that is not JSON is refused as such', async () => {
  await using rig = await startRig()
  const headers = { 'content-type': 'application/json' }
  expect(
    await refusal(await rig.fetch('/api/tts', { method: 'POST', headers, body: 'hello' })),
  ).toMatchObject({
    status: 400,
    code: 'invalid_json',
  })
})

test('the embedded voice server is started when it is first needed, and once', async () => {
  await using pi = await startRig()
  let starts = 0
  const embedded = {
    agent: false,
    voice: async () => {
      starts++
      return pi.voice.url
    },
  }
  await using rig = await startRig({ config: { voiceUrl: undefined }, embedded })
  expect((await rig.post('/api/chat', { messages: [], stream: true })).status).toBe(200)
  expect(starts).toBe(0)
  const both = await Promise.all(['one', 'two'].map((text) => rig.post('/api/tts', { text })))
  expect(both.map(({ status }) => status)).toEqual([200, 200])
  expect((await (await rig.stranger('/readyz')).json()) as object).toMatchObject({
    voice: { state: 'up', embedded: true },
  })
  expect(starts).toBe(1)
})

test('A104: the key of the gateway never reaches the voice server', async () => {
  await using rig = await startRig()
  await rig.post('/api/tts', { text: 'hello' })
  await rig.fetch('/api/stt', listen(fileForm('x')))
  expect(rig.voice.calls).toHaveLength(2)
  for (const { rawHeaders, target } of rig.voice.calls)
    expect(rawHeaders.join('\n') + target).not.toContain(KEY)
})

test('the first sound leaves the gateway within 30 ms of its coming', async () => {
  await using rig = await startRig()
  const times: number[] = []
  for (let i = 0; i < 15; i++) {
    let spoken = Number.NaN
    const rest = gate()
    rig.voice.play('POST /tts', async (call) => {
      await call.read()
      call.head(200, { 'content-type': 'audio/wav' })
      spoken = performance.now()
      await call.write('R')
      await rest.opened
      call.end()
    })
    const reader = (await rig.post('/api/tts', { text: 'a' })).body?.getReader()
    await reader?.read()
    times.push(performance.now() - spoken)
    rest.open()
    await reader?.read()
  }
  // The machine may be busy with something else now and then, but the gateway must not wait for anything.
  expect(times.sort((a, b) => a - b)[times.length >> 1]).toBeLessThan(30)
})
