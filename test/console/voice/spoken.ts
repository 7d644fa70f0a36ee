import { wavOf } from '../../../src/console/voice/wav.ts'
import { startVoice, type Voice } from '../../../src/voice/voice.ts'
import { STT, TTS } from '../../voice/rig.ts'
import { readWav } from './tone.ts'

/** The voice server as it is without any settings: Flite from npm speaks, pocketsphinx hears. */
export const startRealVoice = (): Promise<Voice> =>
  startVoice({ tts: TTS, stt: STT, dirs: ['/usr/local/bin', '/usr/bin', '/bin'], tell: () => {} })

/** Sentences as it says them, with a silence around each. */
export async function spoken(voice: Voice, sentences: readonly string[], silenceS: number): Promise<Buffer> {
  const silence = new Int16Array(16_000 * silenceS)
  const parts = [silence]
  for (const text of sentences) {
    const response = await fetch(`${voice.url}/tts`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text, voice: 'slt' }),
    })
    const { rate, samples } = readWav(Buffer.from(await response.arrayBuffer()))
    if (rate !== 16_000) throw new Error(`the voice speaks at ${rate} samples a second`)
    parts.push(samples, silence)
  }
  const all = parts.flatMap((part) => Array.from(part, (sample) => sample / 0x8000))
  return Buffer.from(wavOf(Float32Array.from(all)))
}
