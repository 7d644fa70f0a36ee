import captureUrl from './capture.worklet.js?url'
import type { Microphone } from './talk.ts'
import { loudness, RATE } from './wav.ts'
import { whyNoMicrophone } from './whynot.ts'

const WANTED: MediaStreamConstraints = {
  audio: { channelCount: 1, echoCancellation: true, noiseSuppression: true, autoGainControl: true },
}

/** Asks for the microphone. A stream that comes when nobody wants it any more is closed here. */
export async function openStream(signal: AbortSignal): Promise<MediaStream> {
  const why = await whyNoMicrophone()
  if (why) throw new Error(why)
  signal.throwIfAborted()
  const stream = await navigator.mediaDevices.getUserMedia(WANTED).catch((error: unknown) => {
    throw new Error(refusalOf(error), { cause: error })
  })
  if (signal.aborted) {
    closeStream(stream)
    signal.throwIfAborted()
  }
  return stream
}

export function closeStream(stream: MediaStream): void {
  for (const track of stream.getTracks()) track.stop()
}

function refusalOf(error: unknown): string {
  switch (error instanceof DOMException ? error.name : '') {
    case 'NotAllowedError':
    case 'SecurityError':
      return 'the microphone is not allowed here: allow it in the settings that the browser has for this page'
    case 'NotFoundError':
    case 'OverconstrainedError':
      return 'no microphone was found: plug one in to talk'
    case 'NotReadableError':
    case 'AbortError':
      return 'the microphone is taken by something else, or does not answer'
  }
  return `the microphone could not be opened: ${error instanceof Error ? error.message : String(error)}`
}

/** Opens it, and keeps what it hears until somebody takes it. */
export async function openMicrophone(signal: AbortSignal): Promise<Microphone> {
  const stream = await openStream(signal)
  const context = new AudioContext()
  const pieces: Float32Array[] = []
  let latest = new Float32Array()
  let length = 0
  const close = () => {
    closeStream(stream)
    if (context.state !== 'closed') void context.close()
  }
  try {
    await context.audioWorklet.addModule(captureUrl)
    await context.resume()
    signal.throwIfAborted()
    const capture = new AudioWorkletNode(context, 'ghost-capture', { numberOfOutputs: 0 })
    capture.port.onmessage = ({ data }: MessageEvent<Float32Array<ArrayBuffer>>) => {
      pieces.push(data)
      length += data.length
      latest = data
    }
    new MediaStreamAudioSourceNode(context, { mediaStream: stream }).connect(capture)
  } catch (error) {
    close()
    throw error
  }
  return {
    close,
    level: () => loudness(latest),
    heardMs: () => (length / context.sampleRate) * 1_000,
    async take() {
      close()
      return resampled(pieces, context.sampleRate)
    },
  }
}

/** The browser does this better than a few lines could, and without folding high tones into low ones. */
async function resampled(pieces: readonly Float32Array[], rate: number): Promise<Float32Array> {
  const length = pieces.reduce((sum, piece) => sum + piece.length, 0)
  if (length === 0) return new Float32Array()
  const offline = new OfflineAudioContext(1, Math.ceil((length / rate) * RATE), RATE)
  const heard = offline.createBuffer(1, length, rate)
  const channel = heard.getChannelData(0)
  let at = 0
  for (const piece of pieces) {
    channel.set(piece, at)
    at += piece.length
  }
  const source = new AudioBufferSourceNode(offline, { buffer: heard })
  source.connect(offline.destination)
  source.start()
  return (await offline.startRendering()).getChannelData(0)
}
