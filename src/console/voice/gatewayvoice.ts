import type { Caller } from '../exchange.ts'
import { failureOf, isRecord } from '../said.ts'
import type { Loudspeaker } from './loudspeaker.ts'
import { NoVoice } from './novoice.ts'
import type { Voice } from './speaker.ts'
import { wavOf } from './wav.ts'

/** The gateway's voice server as one that speaks. */
export function gatewayVoice(api: Caller, loudspeaker: Pick<Loudspeaker, 'clip'>): Voice {
  return async (text, signal) => {
    const response = await api.fetch('/api/tts', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text }),
      signal,
    })
    await refuse(response)
    const bytes = await response.arrayBuffer()
    signal.throwIfAborted()
    return loudspeaker.clip(bytes)
  }
}

/** And as one that listens. */
export async function gatewayEars(api: Caller, samples: Float32Array, signal: AbortSignal): Promise<string> {
  const form = new FormData()
  form.append('file', new Blob([wavOf(samples)], { type: 'audio/wav' }), 'speech.wav')
  const response = await api.fetch('/api/stt', { method: 'POST', body: form, signal })
  await refuse(response)
  const body: unknown = await response.json()
  if (!isRecord(body) || typeof body.text !== 'string')
    throw new Error('the voice server answered without words')
  return body.text
}

async function refuse(response: Response): Promise<void> {
  if (response.ok) return
  const body: unknown = await response.json().catch(() => undefined)
  const code = isRecord(body) ? body.code : undefined
  const why = isRecord(body) ? failureOf(body).message : `the gateway answered ${response.status}`
  throw code === 'voice_unavailable' ? new NoVoice(why) : new Error(why)
}
