export type Sound = 'speech' | 'microphone'

/** What is heard in this page right now. */
export interface Sounds {
  /** How loud the agent speaks, 0 to 1. */
  readonly speech: number
  /** How loud the microphone hears you, 0 to 1. */
  readonly microphone: number
  readonly isListening: boolean
}

/** A level that nobody repeats is over: a player that broke must not leave a mouth open. */
const HOLDS_MS = 300

const told = {
  speech: { value: 0, at: Number.NEGATIVE_INFINITY },
  microphone: { value: 0, at: Number.NEGATIVE_INFINITY },
}
let isListening = false

/** Says how loud it is, 0 to 1: once a frame while there is a sound. Who makes a sound tells; who draws looks. */
export function amplitude(sound: Sound, value: number, now = performance.now()): void {
  told[sound] = { value: Number.isFinite(value) ? Math.min(1, Math.max(0, value)) : 0, at: now }
}

/** Says whether the microphone is open, also while nothing is said. */
export function listening(isOpen: boolean): void {
  isListening = isOpen
}

export function sounds(now = performance.now()): Sounds {
  const level = ({ value, at }: { value: number; at: number }) => (now - at > HOLDS_MS ? 0 : value)
  return { speech: level(told.speech), microphone: isListening ? level(told.microphone) : 0, isListening }
}
