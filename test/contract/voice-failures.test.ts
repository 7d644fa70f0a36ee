import { expect, test } from 'vitest'
import { endless, fin, head, json, raw, rst, silent } from '../rig/answers.ts'
import { startBlackhole } from '../rig/blackhole.ts'
import { FORM, fileForm } from '../rig/multipart.ts'
import { startRig } from '../rig/rig.ts'
import { within } from '../rig/wait.ts'
import { refusal } from './refusal.ts'

const listen = (body: Buffer, headers: Record<string, string> = FORM) => ({ method: 'POST', headers, body })

test('without a voice server both say that there is none', async () => {
  await using rig = await startRig({ config: { voiceUrl: undefined } })
  for (const response of [
    await rig.post('/api/tts', { text: 'hello' }),
    await rig.fetch('/api/stt', listen(fileForm('x'))),
  ])
    expect(await refusal(response)).toMatchObject({ status: 503, code: 'voice_unavailable' })
})

test('F57: a voice server that does not accept a connection is a timeout, after 5 s', async () => {
  await using hole = await startBlackhole()
  await using rig = await startRig({ env: { GHOST_VOICE_URL: hole.url } })
  const asked = performance.now()
  expect(await refusal(await rig.post('/api/tts', { text: 'hello' }))).toMatchObject({
    status: 504,
    code: 'voice_timeout',
  })
  expect(performance.now() - asked).toBeLessThan(8_000)
})

test.each([
  ['ends', fin],
  ['is reset', rst],
] as const)('F57: sound that %s too early is a failure, not a short sound', async (_how, how) => {
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

test("F57: a browser that stops listening takes the voice server's answer with it", async () => {
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

test('an embedded voice server that cannot start costs speech alone', async () => {
  const voice = async () => {
    throw new Error('there is no room for it')
  }
  await using rig = await startRig({ config: { voiceUrl: undefined }, embedded: { agent: false, voice } })
  expect(await refusal(await rig.post('/api/tts', { text: 'hello' }))).toMatchObject({
    status: 502,
    code: 'voice_unreachable',
  })
  expect((await rig.post('/api/chat', { messages: [], stream: true })).status).toBe(200)
  expect((await (await rig.stranger('/readyz')).json()) as object).toMatchObject({
    status: 'ready',
    voice: { state: 'down', embedded: true },
  })
})
