import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import type { Speaker } from './engine.ts'
import { Refusal } from './refusal.ts'
import { sentencesOf } from './sentences.ts'
import type { SpeakerSettings } from './settings.ts'
import type { Turnstile } from './turnstile.ts'
import { bytesOf, type Sound, waveHead } from './wave.ts'

export const TEXT_CHARS = 5_000
/** The gateway in front waits for 60 s. Whoever has heard nothing after this is told why not. */
export const ANSWER_MS = 55_000
/** How long a client may take nothing of what it asked for. */
const STALL_MS = 60_000
const SLOWEST = 0.25
const FASTEST = 4

export interface SpeakParts {
  readonly engine: Speaker
  readonly turns: Turnstile
  readonly defaults: Pick<SpeakerSettings, 'voice' | 'speed'>
}

/** A text and how to speak it. */
export interface Wish {
  readonly sentences: readonly string[]
  readonly voice: string | undefined
  readonly speed: number | undefined
}

/** @throws Refusal invalid_request, text_too_long */
export function readWish(body: unknown): Wish {
  const { text, voice, speed } = (typeof body === 'object' && body !== null ? body : {}) as Record<
    string,
    unknown
  >
  if (typeof text !== 'string' || text.trim() === '')
    throw new Refusal('invalid_request', 'text must be a string that is not blank')
  if (text.length > TEXT_CHARS && [...text].length > TEXT_CHARS)
    throw new Refusal('text_too_long', `more than ${TEXT_CHARS} characters`)
  const sentences = sentencesOf(text)
  if (sentences.length === 0)
    throw new Refusal('invalid_request', 'text has nothing in it that can be spoken')
  return {
    sentences,
    voice: typeof voice === 'string' ? voice : undefined,
    speed: typeof speed === 'number' && speed >= SLOWEST && speed <= FASTEST ? speed : undefined,
  }
}

/**
 * Speaks sentence by sentence into the response, which begins with the first sound: a failure before that is a refusal, one after it
 * breaks the response off.
 */
export async function speak(
  { engine, turns, defaults }: SpeakParts,
  wish: Wish,
  open: () => ServerResponse,
  signal: AbortSignal,
): Promise<void> {
  const manner = { voice: wish.voice ?? defaults.voice, speed: wish.speed ?? defaults.speed }
  const [first = '', ...rest] = wish.sentences
  // Each sentence waits for its turn: everyone's first is heard before anyone's last.
  const say = (sentence: string, until: AbortSignal) =>
    turns.pass(() => engine.speak(sentence, manner, until), until)
  const sound = await say(first, AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)]))
  const response = open()
  try {
    begin(response, sound, rest.length === 0)
    await write(response, sound, signal)
    for (const sentence of rest) {
      const next = await say(sentence, signal)
      if (next.rate !== sound.rate) throw new Refusal('voice_error', 'the voice changed on the way')
      await write(response, next, signal)
    }
    response.end()
  } catch (error) {
    response.destroy()
    throw error
  }
}

/** One sentence is a whole wave file; more are one without a length. */
function begin(response: ServerResponse, { rate, samples }: Sound, isWhole: boolean): void {
  const head = waveHead(rate, isWhole ? samples.byteLength : undefined)
  response.writeHead(200, {
    'content-type': 'audio/wav',
    'cache-control': 'no-store',
    ...(isWhole && { 'content-length': head.length + samples.byteLength }),
  })
  response.write(head)
}

async function write(response: ServerResponse, sound: Sound, signal: AbortSignal): Promise<void> {
  if (response.write(bytesOf(sound))) return
  await once(response, 'drain', { signal: AbortSignal.any([signal, AbortSignal.timeout(STALL_MS)]) })
}
