import type { Sound } from './wave.ts'

/** How it is to be spoken. An engine that does not know the voice takes its own. */
export interface Manner {
  readonly voice: string | undefined
  /** 1 is the voice's own pace. */
  readonly speed: number
}

/** What speaks. It is given one sentence at a time, so that the first is heard while the rest is still text. */
export interface Speaker {
  readonly name: string
  /** Sentences it can speak at once. */
  readonly parallel: number
  speak(sentence: string, manner: Manner, signal: AbortSignal): Promise<Sound>
  close(): Promise<void>
}

/** What hears. It is never given silence. */
export interface Listener {
  readonly name: string
  readonly parallel: number
  hear(sound: Sound, signal: AbortSignal): Promise<string>
}

/** One direction of speech: an engine, or how to get one. */
export type Choice<E> = { readonly engine: E } | { readonly missing: string }

/** The voice asked for if the engine has it, else the first of `fallbacks` that it has. It is the engine's own string, never the caller's. */
export function voiceOf(
  voices: readonly string[],
  ...wishes: readonly (string | undefined)[]
): string | undefined {
  for (const wish of wishes) {
    const found = voices.find((voice) => voice.toLowerCase() === wish?.trim().toLowerCase())
    if (found !== undefined) return found
  }
  return voices[0]
}
