import type { Readiness, SpeechStanding } from '../../protocol.ts'
import { isRecord } from '../said.ts'

const ANSWER_MS = 6_000

type Standing = Readiness['voice']

/** What one direction of speech is done with, or why there is nothing and how to get it. */
export interface Engine {
  readonly isThere: boolean
  readonly words: string
}

export interface Engines {
  /** Whose voice server it is, or why there is none. */
  readonly server: string
  readonly speaking: Engine | undefined
  readonly hearing: Engine | undefined
}

/** What the gateway says of its voice, in words. */
export async function askEngines(signal: AbortSignal): Promise<Engines> {
  const limit = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_MS)])
  const body: unknown = await fetch('/readyz', { cache: 'no-store', signal: limit })
    .then((response) => response.json())
    .catch(() => undefined)
  if (!isRecord(body) || !isRecord(body.voice)) return nobody('the gateway does not say: is it there?')
  return enginesOf(body.voice as unknown as Standing)
}

export function enginesOf({ state, embedded, detail, tts, stt }: Standing): Engines {
  if (state === 'off')
    return nobody('the gateway has no voice server: set GHOST_VOICE_URL to the address of one')
  if (state === 'down') return nobody(`the voice server is away: ${detail ?? 'it does not answer'}`)
  const server = embedded ? 'the gateway’s own' : 'a server of yours'
  return { server, speaking: engineOf(tts), hearing: engineOf(stt) }
}

const nobody = (server: string): Engines => ({ server, speaking: undefined, hearing: undefined })

function engineOf(standing: SpeechStanding | undefined): Engine {
  if (!standing) return { isThere: true, words: 'the server does not say' }
  return standing.state === 'up'
    ? { isThere: true, words: standing.engine }
    : { isThere: false, words: standing.detail }
}
