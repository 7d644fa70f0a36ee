import { expect, test } from 'vitest'
import { startBlackhole } from '../rig/blackhole.ts'
import { type Rig, startRig } from '../rig/rig.ts'
import { gate } from '../rig/wait.ts'
import { startEngine, startSpeech } from './rig.ts'
import { tone, wave } from './sounds.ts'

const crowd = <T>(act: () => Promise<T>) => Promise.all(Array.from({ length: 50 }, act))
const count = (statuses: readonly number[], status: number) => statuses.filter((it) => it === status).length

test('of fifty recordings at once sixteen are heard, four at a time; the rest is told to come again', async () => {
  const hold = gate()
  let [inside, most] = [0, 0]
  await using ear = await startEngine({
    'POST /inference': async (call) => {
      most = Math.max(most, ++inside)
      await call.read()
      await hold.opened
      inside--
      call.head(200, { 'content-type': 'application/json' })
      call.end('{"text":"hello"}')
    },
  })
  await using speech = await startSpeech({ stt: { engine: 'whisper.cpp', url: ear.url } })
  const sound = wave(1, tone)
  let refused = 0
  const answers = crowd(async () => {
    const response = await speech.hear(sound)
    const body = (await response.json()) as { code?: string }
    if (response.status === 429) {
      expect(body.code).toBe('voice_busy')
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
      if (++refused === 34) hold.open()
    }
    return response.status
  })
  const statuses = await answers
  expect([count(statuses, 200), count(statuses, 429)]).toEqual([16, 34])
  expect(most).toBe(4)
  expect((await speech.hear(sound)).status).toBe(200)
})

test('of fifty texts at once sixteen are spoken, four at a time; the rest is told to come again', async () => {
  const hold = gate()
  let [inside, most] = [0, 0]
  await using mouth = await startEngine({
    'POST /v1/audio/speech': async (call) => {
      most = Math.max(most, ++inside)
      await call.read()
      await hold.opened
      inside--
      call.head(200, { 'content-type': 'audio/wav' })
      call.end(wave(0.1, tone))
    },
  })
  await using speech = await startSpeech({ tts: { engine: 'openai', url: `${mouth.url}/v1` } })
  let refused = 0
  const statuses = await crowd(async () => {
    const response = await speech.say({ text: 'hello' })
    if (response.status === 429 && ++refused === 34) hold.open()
    await response.arrayBuffer()
    return response.status
  })
  expect([count(statuses, 200), count(statuses, 429)]).toEqual([16, 34])
  expect(most).toBe(4)
  expect((await speech.say({ text: 'hello' })).status).toBe(200)
})

/** How long a short chat takes, in the middle of twenty. */
async function chatMs(rig: Rig): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < 20; i++) {
    const asked = performance.now()
    const stream = await rig.chat()
    await stream.rest()
    times.push(performance.now() - asked)
  }
  return times.sort((a, b) => a - b)[times.length >> 1] ?? Number.NaN
}

test('F57: a voice server that is dead delays no chat, however many wait for it', async () => {
  await using hole = await startBlackhole()
  await using rig = await startRig({ env: { GHOST_VOICE_URL: hole.url } })
  const alone = await chatMs(rig)
  let waiting = 50
  const voices = crowd(async () => {
    const { status } = await rig.post('/api/tts', { text: 'hello' })
    waiting--
    return status
  })
  const among = await chatMs(rig)
  expect(waiting).toBe(50)
  expect(among - alone).toBeLessThan(100)
  expect(count(await voices, 504)).toBe(50)
})

test('a crowd that wants to hear long texts delays no chat', { timeout: 120_000 }, async () => {
  await using speech = await startSpeech()
  const { rig } = speech
  const alone = await chatMs(rig)
  const leaving = new AbortController()
  const text = 'It is a fine morning for a walk along the river, and nobody is in a hurry today. '.repeat(20)
  const voices = crowd(async () => {
    const response = await speech.say({ text }, leaving.signal).catch(() => undefined)
    await response?.arrayBuffer().catch(() => {})
    return response?.status
  })
  const among = await chatMs(rig)
  leaving.abort()
  await voices
  expect(among - alone).toBeLessThan(100)
})
