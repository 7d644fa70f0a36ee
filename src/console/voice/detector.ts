import { MicVAD } from '@ricky0123/vad-web'
import type { Detector, DetectorEvents } from './handsfree.ts'
import { closeStream, openStream } from './microphone.ts'
import { loudness } from './wav.ts'

/** Where the build put the network and what runs it; the name holds their versions. */
declare const __VAD_ASSETS__: string

/**
 * Silero's network beside the microphone, all of it from this origin. One number cannot answer both questions: to begin
 * takes more certainty than to go on, and only a silence longer than a breath is an end.
 */
const THRESHOLDS = {
  positiveSpeechThreshold: 0.6,
  negativeSpeechThreshold: 0.35,
  minSpeechMs: 250,
  redemptionMs: 900,
  preSpeechPadMs: 400,
}

export async function openDetector(events: DetectorEvents, signal: AbortSignal): Promise<Detector> {
  const context = new AudioContext()
  let stream: MediaStream | undefined
  let latest = new Float32Array()
  const close = () => {
    if (stream) closeStream(stream)
    if (context.state !== 'closed') void context.close()
  }
  try {
    await context.resume()
    const vad = await MicVAD.new({
      ...THRESHOLDS,
      model: 'v5',
      baseAssetPath: __VAD_ASSETS__,
      onnxWASMBasePath: __VAD_ASSETS__,
      ortConfig: (ort) => {
        ort.env.logLevel = 'error'
        // More threads need a page that is isolated from all others.
        ort.env.wasm.numThreads = 1
      },
      audioContext: context,
      startOnLoad: false,
      submitUserSpeechOnPause: false,
      // Last of all: what is said to a network that is still loading would be lost.
      getStream: async () => {
        stream = await openStream(signal)
        return stream
      },
      // It stays open while it rests: opening it again could ask for the permission again.
      resumeStream: async (opened) => opened,
      pauseStream: async () => {},
      onFrameProcessed: (_probabilities, frame) => {
        latest = frame as Float32Array<ArrayBuffer>
      },
      onSpeechStart: events.began,
      onVADMisfire: events.misfired,
      onSpeechEnd: events.ended,
    })
    await vad.start()
    signal.throwIfAborted()
    return {
      level: () => loudness(latest),
      pause: () => void vad.pause(),
      resume: () => void vad.start(),
      close() {
        close()
        void vad.destroy().catch(() => {}) // Its own closing of what is closed by now.
      },
    }
  } catch (error) {
    close()
    throw error
  }
}
