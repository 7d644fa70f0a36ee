import { json } from './answers.ts'
import { type Script, startUpstream, type Upstream } from './upstream.ts'

/** A silent wave file of one sample. */
export const WAVE = Buffer.from(
  '524946462600000057415645666d74201000000001000100401f0000803e0000020010006461746102000000 0000'.replaceAll(
    ' ',
    '',
  ),
  'hex',
)

const tts: Script = async (call) => {
  await call.read()
  call.head(200, { 'content-type': 'audio/wav' })
  call.end(WAVE)
}

/** The voice server's side of the wire. */
export const startVoice = (): Promise<Upstream> =>
  startUpstream({
    'POST /stt': json(200, { text: 'hello' }),
    'POST /tts': tts,
    'GET /healthz': json(200, { status: 'ok' }),
  })
