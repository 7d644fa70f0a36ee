import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { findFliteWasi, fliteWasi } from '../../src/voice/engines/flitewasi.ts'
import { eventually } from '../rig/wait.ts'

/** The processes of flite that this one has started. */
const running = () =>
  readdirSync(`/proc/${process.pid}/task`)
    .flatMap((task) => readFileSync(`/proc/${process.pid}/task/${task}/children`, 'utf8').trim().split(' '))
    .filter((pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('node:wasi')
      } catch {
        return false
      }
    })
    .map(Number)

const MANNER = { voice: undefined, speed: 1 }
const LONG = 'The quick brown fox jumps over the lazy dog, and then it rests. '.repeat(20)

test('a process of flite that dies in the midst of a sentence costs none, and no gateway', async () => {
  const speaker = fliteWasi(findFliteWasi() ?? '')
  const aborted = new AbortController().signal
  const before = await speaker.speak('Hello.', MANNER, aborted)
  const [idle] = running()
  process.kill(idle ?? 0, 'SIGSEGV')
  const after = await speaker.speak('Hello.', MANNER, aborted)
  expect(after.samples.length).toBe(before.samples.length)

  const speaking = speaker.speak(LONG, MANNER, aborted)
  await eventually('flite to run', () => running().length === 1)
  process.kill(running()[0] ?? 0, 'SIGSEGV')
  expect((await speaking).samples.length).toBeGreaterThan(before.samples.length)

  await speaker.close?.()
  expect(running()).toEqual([])
})

test('a process of flite that dies every time is told as a fault of the voice', async () => {
  const speaker = fliteWasi('/nowhere/flite.wasm')
  await expect(speaker.speak('Hello.', MANNER, new AbortController().signal)).rejects.toMatchObject({
    code: 'voice_error',
  })
  await speaker.close?.()
})
