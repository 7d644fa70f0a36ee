import type { Clock } from '../clock.ts'
import type { Clip } from './speaker.ts'

/** Slow speech takes this long for a character; what takes longer has lost its end, as browsers do. */
const CHARACTER_MS = 150
const LOST_END_MS = 5_000
/** Chromium falls silent after fifteen seconds of one utterance unless it is reminded. */
const REMIND_MS = 10_000
const VOICES_MS = 1_000

/** Whether this browser can speak by itself. Its voices may take a moment to be known. */
export async function canSpeak(clock: Clock): Promise<boolean> {
  if (!('speechSynthesis' in window)) return false
  if (ownVoices().length > 0) return true
  const known = new AbortController()
  speechSynthesis.addEventListener('voiceschanged', () => known.abort(), { once: true })
  await clock.wait(VOICES_MS, known.signal)
  return ownVoices().length > 0
}

/** Those of this device: a voice of another host would be told every word. */
function ownVoices(): SpeechSynthesisVoice[] {
  return speechSynthesis.getVoices().filter((voice) => voice.localService)
}

/** The browser's own voice. How loud it is nobody can measure. */
export function ownVoice(clock: Clock): (text: string) => Clip {
  return (text) => ({
    async play(began, signal) {
      if (signal.aborted) return
      const over = new AbortController()
      const utterance = new SpeechSynthesisUtterance(text)
      const voices = ownVoices()
      utterance.voice = voices.find((voice) => voice.default) ?? voices[0] ?? null
      let failure: string | undefined
      utterance.onstart = () => began()
      utterance.onend = () => over.abort()
      utterance.onerror = ({ error }) => {
        failure = error
        over.abort()
      }
      const stop = () => {
        speechSynthesis.cancel()
        over.abort()
      }
      signal.addEventListener('abort', stop)
      const reminder = setInterval(() => speechSynthesis.resume(), REMIND_MS)
      speechSynthesis.speak(utterance)
      await clock.wait(text.length * CHARACTER_MS + LOST_END_MS, over.signal)
      clearInterval(reminder)
      signal.removeEventListener('abort', stop)
      if (signal.aborted) return
      if (!over.signal.aborted) speechSynthesis.cancel()
      if (failure) throw new Error(`the browser's own voice failed: ${failure}`)
    },
  })
}
