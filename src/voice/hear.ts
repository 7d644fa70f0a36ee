import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { decode } from './decode.ts'
import type { Listener } from './engine.ts'
import { receive } from './receive.ts'
import { inScratch } from './scratch.ts'
import type { Turnstile } from './turnstile.ts'
import { audibleSeconds, secondsOf } from './wave.ts'

const FILE_BYTES = 25 << 20
const SECONDS = 300
/** Shorter than any word. A recognizer makes words of it all the same, and they would be sent as the speaker's own. */
const SHORTEST_S = 0.3
const LEAST_AUDIBLE_S = 0.1

export interface HearParts {
  readonly engine: Listener
  readonly ffmpeg: string | undefined
  readonly turns: Turnstile
}

/** What is said in a recording; empty when nothing is. */
export function hear(parts: HearParts, request: IncomingMessage, signal: AbortSignal): Promise<string> {
  return inScratch(async (dir) => {
    const file = join(dir, 'recording')
    await receive(request, file, FILE_BYTES, signal)
    const { engine, ffmpeg, turns } = parts
    return turns.pass(async () => {
      const sound = await decode(file, ffmpeg, SECONDS, signal)
      if (secondsOf(sound) < SHORTEST_S || audibleSeconds(sound) < LEAST_AUDIBLE_S) return ''
      return (await engine.hear(sound, signal)).replace(/\s+/g, ' ').trim()
    }, signal)
  })
}
