import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { runProgram } from '../../src/voice/program.ts'
import { KEY } from '../rig/rig.ts'
import { eventually } from '../rig/wait.ts'
import { bytesOf, startSpeech } from './rig.ts'
import { tone, wave } from './sounds.ts'

const NEVER = new AbortController().signal

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
/** The process ids that a script has written. */
const pidsIn = async (file: string) =>
  (await readFile(file, 'utf8').catch(() => '')).trim().split(/\s+/).filter(Boolean).map(Number)

const STUCK = 'sleep 1000 & echo $$ $! >> $DIR/pids; wait'

test('a program whose client has gone is killed and reaped, and so is what it started', async () => {
  await using speech = await startSpeech({ programs: { pocketsphinx_continuous: STUCK } })
  const leaving = new AbortController()
  const asked = speech.hear(wave(1, tone), 'a.wav', leaving.signal).catch(() => 'left')
  const file = join(speech.dir, 'pids')
  const pids = await eventually('two processes', async () => {
    const found = await pidsIn(file)
    return found.length === 2 && found
  })
  leaving.abort()
  expect(await asked).toBe('left')
  await eventually('the end of both', () => !pids.some(isAlive))
})

test('a program that takes too long is killed and reaped, and so is what it started', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'ghost-stuck-'))
  try {
    const file = join(dir, 'pids')
    const args = ['-c', 'sleep 1000 & echo $$ $! > "$0"; wait', file]
    const run = runProgram({ program: '/bin/sh', args, ms: 1_000, outBytes: 10 }, NEVER)
    await expect(run).rejects.toMatchObject({ code: 'voice_timeout' })
    const pids = await pidsIn(file)
    expect(pids).toHaveLength(2)
    await eventually('the end of both', () => !pids.some(isAlive))
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
})

test('a program that prints without end is ended', async () => {
  const run = runProgram({ program: '/usr/bin/yes', args: [], ms: 20_000, outBytes: 1_000_000 }, NEVER)
  await expect(run).rejects.toMatchObject({ code: 'voice_error' })
})

test('what started in a program that has ended is ended with it', async () => {
  const args = ['-c', 'sleep 1000 & echo $!']
  const out = await runProgram({ program: '/bin/sh', args, ms: 20_000, outBytes: 100 }, NEVER)
  await eventually('the end of what it started', () => !isAlive(Number(String(out))))
})

const SPEAKER = `
[ "$1" = -lv ] && { echo 'Voices available: kal slt'; exit; }
printf '%s\\n' "$@" >> $DIR/args
env >> $DIR/env
while [ $# -gt 1 ]; do [ "$1" = -f ] && cat "$2" >> $DIR/text; [ "$1" = -o ] && cp $DIR/sound "$2"; shift; done`
const EAR = `printf '%s\\n' "$@" >> $DIR/args; env >> $DIR/env; echo hello`

test('neither text nor names of a caller are among the arguments, nor our environment in theirs', async () => {
  process.env.GHOST_API_KEY = KEY
  try {
    await using speech = await startSpeech({
      tts: { engine: 'flite' },
      programs: { flite: SPEAKER, pocketsphinx_continuous: EAR, ffmpeg: `${EAR}; exit 1` },
    })
    await writeFile(join(speech.dir, 'sound'), wave(1, tone))
    const evil = '--help $(reboot); rm -rf /'
    expect((await bytesOf(await speech.say({ text: evil, voice: `${evil}.flitevox` }))).length).toBe(32_044)
    await speech.hear(wave(1, tone), `${evil}.wav`)
    await speech.hear(Buffer.from('OggS and so on'), `${evil}.ogg`)
    const [args, env, text] = await Promise.all(
      ['args', 'env', 'text'].map((name) => readFile(join(speech.dir, name), 'utf8')),
    )
    expect(text).toBe(`${evil}\n`)
    expect(args?.split('\n')).toEqual(expect.arrayContaining(['-voice', 'slt', '-infile', '-i', 'ogg']))
    for (const part of ['reboot', 'rm -rf', '--help', 'flitevox']) expect(args).not.toContain(part)
    expect(env).not.toContain(KEY)
    expect(env).not.toContain('GHOST')
  } finally {
    delete process.env.GHOST_API_KEY
  }
})

test('what a failing engine says goes to the operator, and not to the client', async () => {
  const programs = { pocketsphinx_continuous: 'echo "no model in /home/pi" >&2; exit 3' }
  await using speech = await startSpeech({ programs })
  const response = await speech.hear(wave(1, tone))
  expect(response.status).toBe(502)
  expect(await response.json()).toEqual({ error: 'pocketsphinx_continuous failed', code: 'voice_error' })
  expect(speech.told.join('\n')).toContain('no model in /home/pi')
})
