import { expect, test } from 'vitest'
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

test('a crowd that wants to hear long texts delays no chat', { timeout: 120_000 }, async () => {
  await using speech = await startSpeech()
  const { rig } = speech
  const chat = async () => {
    const asked = performance.now()
    const stream = await rig.chat()
    await stream.rest()
    return performance.now() - asked
  }
  const median = (all: readonly number[]) => [...all].sort((a, b) => a - b)[all.length >> 1] ?? Number.NaN
  const measure = async () => {
    const times: number[] = []
    for (let i = 0; i < 20; i++) times.push(await chat())
    return median(times)
  }
  const alone = await measure()
  const leaving = new AbortController()
  const text = 'It is a fine morning for a walk along the river, and nobody is in a hurry today. '.repeat(20)
  const voices = crowd(async () => {
    const response = await speech.say({ text }, leaving.signal).catch(() => undefined)
    await response?.arrayBuffer().catch(() => {})
    return response?.status
  })
  const among = await measure()
  leaving.abort()
  await voices
  expect(among - alone).toBeLessThan(100)
})
