import type { Listener, Manner, Speaker } from '../engine.ts'
import { Refusal } from '../refusal.ts'
import { readWave, type Sound, waveFile } from '../wave.ts'

const PARALLEL = 4
const SENTENCE_MS = 20_000
const HEAR_MS = 50_000
const SOUND_BYTES = 30_000_000
const TEXT_BYTES = 1_000_000

export interface Remote {
  /** Base URL, without a slash at its end. */
  readonly url: string
  readonly model: string
  readonly key: string | undefined
}

/** Any server with OpenAI's `audio/speech`. It is asked for the operator's voice only, since nobody knows its others. */
export function openaiSpeaker({ url, model, key }: Remote, named: string | undefined): Speaker {
  const ask = asking(key)
  return {
    name: 'openai',
    parallel: PARALLEL,
    async speak(sentence: string, { speed }: Manner, signal: AbortSignal): Promise<Sound> {
      const voice = named ?? 'alloy'
      const body = JSON.stringify({ model, voice, input: sentence, speed, response_format: 'wav' })
      const headers = { 'content-type': 'application/json' }
      const wave = await ask(`${url}/audio/speech`, { body, headers }, SENTENCE_MS, SOUND_BYTES, signal)
      const sound = readWave(wave)
      if (!sound) throw new Refusal('voice_error', 'the speech server did not send a 16 bit wave file')
      return sound
    },
    close: async () => {},
  }
}

/** Any server with OpenAI's `audio/transcriptions`. */
export const openaiListener = ({ url, model, key }: Remote): Listener =>
  listener('openai', `${url}/audio/transcriptions`, { model, response_format: 'json' }, key)

/** The server that comes with whisper.cpp. */
export const whisper = ({ url, key }: Remote): Listener =>
  listener('whisper.cpp', `${url}/inference`, { response_format: 'json' }, key)

function listener(
  name: string,
  url: string,
  fields: Readonly<Record<string, string>>,
  key: string | undefined,
): Listener {
  const ask = asking(key)
  return {
    name,
    parallel: PARALLEL,
    async hear(sound, signal) {
      const body = new FormData()
      for (const [field, value] of Object.entries(fields)) body.set(field, value)
      body.set('file', new Blob([new Uint8Array(waveFile(sound))], { type: 'audio/wav' }), 'sound.wav')
      return textOf(await ask(url, { body }, HEAR_MS, TEXT_BYTES, signal))
    },
  }
}

/** Whisper names what is no speech: `[BLANK_AUDIO]`, `[MUSIC]`. */
function textOf(answer: Buffer): string {
  const text = read(answer)
  if (typeof text !== 'string') throw new Refusal('voice_error', 'the speech server answered without a text')
  return text.replace(/\[[A-Z_ ]+\]/g, ' ')
}

function read(answer: Buffer): unknown {
  try {
    return JSON.parse(String(answer))?.text
  } catch {
    return undefined
  }
}

/** Asks within a time and a size. Redirects are not followed: the key would travel with them. */
function asking(key: string | undefined) {
  const auth = key === undefined ? {} : { authorization: `Bearer ${key}` }
  return async (
    url: string,
    init: { readonly body: string | FormData; readonly headers?: Readonly<Record<string, string>> },
    ms: number,
    maxBytes: number,
    signal: AbortSignal,
  ): Promise<Buffer> => {
    const limit = AbortSignal.timeout(ms)
    try {
      const answer = await fetch(url, {
        method: 'POST',
        redirect: 'error',
        body: init.body,
        headers: { ...auth, ...init.headers },
        signal: AbortSignal.any([signal, limit]),
      })
      if (!answer.ok) {
        await answer.body?.cancel()
        throw new Refusal('voice_error', `the speech server answered ${answer.status}`)
      }
      return await collect(answer, maxBytes)
    } catch (error) {
      signal.throwIfAborted()
      if (error instanceof Refusal) throw error
      if (limit.aborted) throw new Refusal('voice_timeout', 'the speech server took too long')
      throw new Refusal('voice_error', 'the speech server cannot be reached', { cause: error })
    }
  }
}

async function collect(answer: Response, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of answer.body ?? []) {
    size += chunk.length
    if (size > maxBytes) throw new Refusal('voice_error', 'the speech server sent more than it should')
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
