import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { endless, fin, head, json, raw, rst, silent } from '../rig/answers.ts'
import { startBlackhole } from '../rig/blackhole.ts'
import { FORM, fileForm, form } from '../rig/multipart.ts'
import { KEY, startRig } from '../rig/rig.ts'
import { WAVE } from '../rig/voice.ts'
import { gate, within } from '../rig/wait.ts'
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
])('there is nothing to say in %s', async (body) => {
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

test('without a voice server both say that there is none', async () => {
  await using rig = await startRig({ config: { voiceUrl: undefined } })
  for (const response of [
    await rig.post('/api/tts', { text: 'hello' }),
    await rig.fetch('/api/stt', listen(fileForm('x'))),
  ])
    expect(await refusal(response)).toMatchObject({ status: 503, code: 'voice_unavailable' })
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

test('a voice server that does not accept a connection is a timeout, after 5 s', async () => {
  await using hole = await startBlackhole()
  await using rig = await startRig({ env: { GHOST_VOICE_URL: hole.url } })
  const asked = performance.now()
  expect(await refusal(await rig.post('/api/tts', { text: 'hello' }))).toMatchObject({
    status: 504,
    code: 'voice_timeout',
  })
  expect(performance.now() - asked).toBeLessThan(8_000)
})

test('the key of the gateway never reaches the voice server', async () => {
  await using rig = await startRig()
  await rig.post('/api/tts', { text: 'hello' })
  await rig.fetch('/api/stt', listen(fileForm('x')))
  expect(rig.voice.calls).toHaveLength(2)
  for (const { rawHeaders, target } of rig.voice.calls)
    expect(rawHeaders.join('\n') + target).not.toContain(KEY)
})

test.each([
  ['ends', fin],
  ['is reset', rst],
] as const)('sound that %s too early is a failure, not a short sound', async (_how, how) => {
  await using rig = await startRig()
  rig.voice.play(
    'POST /tts',
    raw(head('200 OK', 'content-type: audio/wav', 'content-length: 1000'), 'RIFF', how),
  )
  const outcome = await rig.post('/api/tts', { text: 'a' }).then(
    (response) =>
      response.ok
        ? response.arrayBuffer().then(
            () => 'whole',
            () => 'broken',
          )
        : 'refused',
    () => 'broken',
  )
  expect(outcome).not.toBe('whole')
})

test("a browser that stops listening takes the voice server's answer with it", async () => {
  await using rig = await startRig()
  rig.voice.play('POST /tts', endless('audio/wav'))
  const leaving = new AbortController()
  const headers = { 'content-type': 'application/json' }
  const question = { method: 'POST', headers, body: '{"text":"a"}', signal: leaving.signal }
  expect((await rig.fetch('/api/tts', question)).status).toBe(200)
  leaving.abort()
  const call = await rig.voice.called('POST /tts')
  await within('the end of the call', call.closed)
})

test.each([
  [413, 'text_too_long'],
  [415, 'audio_unreadable'],
  [503, 'voice_unavailable'],
  [504, 'voice_timeout'],
])(
  'a refusal of the voice server that it has a name for, %i %s, is passed on as it is',
  async (status, code) => {
    await using rig = await startRig()
    rig.voice.play('POST /tts', json(status, { error: 'why it is so', code }))
    expect(await refusal(await rig.post('/api/tts', { text: 'a' }))).toEqual({
      status,
      code,
      error: 'why it is so',
    })
  },
)

test('a voice server that is busy says when to come again', async () => {
  await using rig = await startRig()
  const busy = '{"error":"too many","code":"voice_busy"}'
  rig.voice.play(
    'POST /tts',
    raw(head('429 Too Many Requests', 'retry-after: 7', `content-length: ${busy.length}`), busy),
  )
  const response = await rig.post('/api/tts', { text: 'a' })
  expect(response.headers.get('retry-after')).toBe('7')
  expect(await refusal(response)).toMatchObject({ status: 429, code: 'voice_busy' })
})

test.each([
  [401, 'unauthorized'],
  [503, 'shutting_down'],
  [500, 'text_too_long'],
  [400, 'ANYTHING'],
])('a name that is not its own to give, %i %s, is not passed on', async (status, code) => {
  await using rig = await startRig()
  rig.voice.play('POST /tts', json(status, { error: 'why', code }))
  expect(await refusal(await rig.post('/api/tts', { text: 'a' }))).toMatchObject({
    status,
    code: 'voice_error',
  })
})

test('a browser that goes away before there is an answer takes the question with it', async () => {
  await using rig = await startRig()
  for (const [route, ask] of [
    ['POST /stt', (signal) => rig.fetch('/api/stt', { ...listen(fileForm('x')), signal })],
    [
      'POST /tts',
      (signal) =>
        rig.fetch('/api/tts', {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: '{"text":"a"}',
          signal,
        }),
    ],
  ] as const satisfies readonly (readonly [string, (signal: AbortSignal) => Promise<unknown>])[]) {
    rig.voice.play(route, silent)
    const leaving = new AbortController()
    const asked = ask(leaving.signal).catch(() => 'left')
    const call = await rig.voice.called(route)
    await call.read()
    leaving.abort()
    expect(await asked).toBe('left')
    await within('the end of the call', call.closed)
  }
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
