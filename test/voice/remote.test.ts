import { expect, test } from 'vitest'
import { refusal } from '../contract/refusal.ts'
import { json } from '../rig/answers.ts'
import { KEY } from '../rig/rig.ts'
import { bytesOf, startEngine, startSpeech } from './rig.ts'
import { tone, wave } from './sounds.ts'

const BEARER = 'a-key-for-the-server'

test("a server with OpenAI's API speaks each sentence, with the operator's voice, model and key", async () => {
  await using mouth = await startEngine({
    'POST /v1/audio/speech': async (call) => {
      await call.read()
      call.head(200, { 'content-type': 'audio/wav' })
      call.end(wave(1, tone, 24_000))
    },
  })
  const tts = { engine: 'openai', url: `${mouth.url}/v1`, voice: 'anna', model: 'm', key: BEARER } as const
  await using speech = await startSpeech({ tts })
  const sound = await bytesOf(await speech.say({ text: 'One. Two.', voice: 'somebody else', speed: 2 }))
  expect(sound.readUInt32LE(24)).toBe(24_000)
  expect(sound.length).toBe(44 + 2 * 48_000)
  expect(await Promise.all(mouth.calls.map((call) => call.json()))).toEqual(
    ['One.', 'Two.'].map((input) => ({ model: 'm', voice: 'anna', input, speed: 2, response_format: 'wav' })),
  )
  for (const { headers, rawHeaders } of mouth.calls) {
    expect(headers.authorization).toBe(`Bearer ${BEARER}`)
    expect(rawHeaders.join('\n')).not.toContain(KEY)
  }
})

test("a server with OpenAI's API hears, with the operator's model and key", async () => {
  await using ear = await startEngine({ 'POST /v1/audio/transcriptions': json(200, { text: 'Hello.' }) })
  const stt = { engine: 'openai', url: `${ear.url}/v1`, model: 'm-1', key: BEARER } as const
  await using speech = await startSpeech({ stt })
  expect(await (await speech.hear(wave(1, tone), 'a secret name.wav')).json()).toEqual({ text: 'Hello.' })
  const call = await ear.called('POST /v1/audio/transcriptions')
  const form = String((await call.read()).bytes)
  expect(form).toContain('name="model"\r\n\r\nm-1')
  expect(form).not.toContain('secret')
  expect(call.headers.authorization).toBe(`Bearer ${BEARER}`)
})

test.each([
  ['refuses', json(401, { error: 'wrong key' })],
  ['redirects', json(302, {}, { location: 'http://127.0.0.1:1/' })],
  ['answers without a text', json(200, { words: [] })],
])('a server that %s is told as a failed engine', async (_how, script) => {
  await using ear = await startEngine({ 'POST /inference': script })
  await using speech = await startSpeech({ stt: { engine: 'whisper.cpp', url: ear.url } })
  expect(await refusal(await speech.hear(wave(1, tone)))).toMatchObject({ status: 502, code: 'voice_error' })
})

test('a server that is not there is told at once', async () => {
  await using ear = await startEngine({})
  await ear.close()
  await using speech = await startSpeech({ stt: { engine: 'whisper.cpp', url: ear.url } })
  expect(await refusal(await speech.hear(wave(1, tone)))).toMatchObject({ status: 502, code: 'voice_error' })
})
