import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { refusal } from '../contract/refusal.ts'
import { json } from '../rig/answers.ts'
import { bytesOf, startEngine, startSpeech } from './rig.ts'
import { heardShare, tone, wave } from './sounds.ts'

const SENTENCES = [
  'The weather in the city is fine this morning.',
  'Please open the window and close the door.',
  'I would like to read the book that you gave me.',
  'She went to the market to buy some bread and water.',
  'We can meet again tomorrow at seven in the evening.',
]

/** A server that would hear something in whatever it got. */
const startEar = () =>
  startEngine({ 'POST /inference': json(200, { text: ' Thank you for watching. [BLANK_AUDIO]\n' }) })
const whisper = (url: string) => ({ stt: { engine: 'whisper.cpp', url } }) as const

test('what is spoken is heard: four words of five at least', { timeout: 180_000 }, async () => {
  await using speech = await startSpeech()
  const spoken = await bytesOf(await speech.say({ text: SENTENCES.join(' ') }))
  const response = await speech.hear(spoken)
  expect(response.status).toBe(200)
  const { text } = (await response.json()) as { text: string }
  expect(heardShare(SENTENCES.join(' '), text)).toBeGreaterThanOrEqual(0.8)
})

test.each([
  ['webm', ['-c:a', 'libopus', '-f', 'webm']],
  ['ogg', ['-c:a', 'libopus', '-f', 'ogg']],
  ['mp4', ['-c:a', 'aac', '-movflags', 'frag_keyframe+empty_moov', '-f', 'mp4']],
  ['wav', ['-ar', '48000', '-ac', '2', '-c:a', 'pcm_f32le', '-f', 'wav']],
] as const)('a recording in %s is heard', { timeout: 180_000 }, async (name, how) => {
  await using speech = await startSpeech()
  const spoken = await bytesOf(await speech.say({ text: SENTENCES[1] }))
  const recording = execFileSync('ffmpeg', ['-v', 'error', '-i', 'pipe:0', ...how, 'pipe:1'], {
    input: spoken,
  })
  const { text } = (await (await speech.hear(recording, `speech.${name}`)).json()) as { text: string }
  expect(text).toMatch(/\b(window|door)\b/)
})

test.each([
  ['an empty file', Buffer.alloc(0)],
  ['a sound of 0.2 s', wave(0.2, tone)],
  ['silence', wave(3)],
  ['the noise of a quiet room', wave(3, () => 0.002 * (Math.random() - 0.5))],
  ['a click in silence', wave(2, (second) => (second > 1 && second < 1.05 ? 0.9 : 0))],
])('%s is nothing said, and nobody is asked what it was', async (_what, sound) => {
  await using ear = await startEar()
  await using speech = await startSpeech(whisper(ear.url))
  const response = await speech.hear(sound)
  expect(response.status).toBe(200)
  expect(await response.json()).toEqual({ text: '' })
  expect(ear.calls).toEqual([])
})

test('what can be heard is asked about, as 16 kHz of one channel', async () => {
  await using ear = await startEar()
  await using speech = await startSpeech(whisper(ear.url))
  const response = await speech.hear(wave(1, tone, 44_100))
  expect(await response.json()).toEqual({ text: 'Thank you for watching.' })
  const { bytes } = await (await ear.called('POST /inference')).read()
  const at = bytes.indexOf('RIFF')
  expect(bytes.readUInt16LE(at + 22)).toBe(1)
  expect(bytes.readUInt32LE(at + 24)).toBe(16_000)
  expect(bytes.readUInt32LE(at + 40)).toBe(32_000)
})

test.each([
  ['noise', randomBytes(50_000)],
  ['a page', Buffer.from('<!doctype html><title>hi</title>')],
  ['a playlist', Buffer.from('#EXTM3U\nhttp://127.0.0.1:1/secret\n')],
  ['a wave file without a sound', Buffer.from('RIFF\x24\0\0\0WAVEfmt ', 'latin1')],
  ['a wave file that lies', Buffer.concat([wave(1, tone).subarray(0, 20), randomBytes(9_000)])],
  ['a webm file that is none', Buffer.concat([Buffer.from('1a45dfa3', 'hex'), randomBytes(9_000)])],
  ['a cut ogg file', Buffer.concat([Buffer.from('OggS\0\x02'), randomBytes(40)])],
])('A107: %s is no recording', async (_what, sound) => {
  await using ear = await startEar()
  await using speech = await startSpeech(whisper(ear.url))
  expect(await refusal(await speech.hear(sound))).toMatchObject({ status: 415, code: 'audio_unreadable' })
  expect(ear.calls).toEqual([])
})

test('without ffmpeg only wave files are heard, and it is said what is missing', async () => {
  await using ear = await startEar()
  await using speech = await startSpeech({ ...whisper(ear.url), dirs: [] })
  expect((await speech.hear(wave(1, tone))).status).toBe(200)
  const refused = await refusal(await speech.hear(Buffer.from('OggS and so on')))
  expect(refused).toMatchObject({ status: 415, code: 'audio_unreadable' })
  expect(refused.error).toContain('ffmpeg')
})

test('A107: 25 MiB are heard and a byte more is refused', async () => {
  await using ear = await startEar()
  await using speech = await startSpeech(whisper(ear.url))
  const whole = Buffer.concat([wave(1, tone, 96_000), Buffer.alloc(25 << 20)]).subarray(0, 25 << 20)
  whole.writeUInt32LE(whole.length - 44, 40)
  expect((await speech.hear(whole)).status).toBe(200)
  const more = Buffer.concat([whole, Buffer.alloc(1)])
  expect(await refusal(await speech.hear(more))).toMatchObject({ status: 413, code: 'body_too_large' })
})

test('A107: five minutes are heard and a second more is refused', async () => {
  await using ear = await startEar()
  await using speech = await startSpeech(whisper(ear.url))
  expect((await speech.hear(wave(300, tone, 8_000))).status).toBe(200)
  expect(await refusal(await speech.hear(wave(301, tone, 8_000)))).toMatchObject({
    status: 413,
    code: 'audio_too_long',
  })
})
