import { wavOf } from '../../../src/console/voice/wav.ts'

/** A wave file with something to hear in it. */
export function tone(seconds: number, hertz = 220): Buffer {
  const samples = Float32Array.from(
    { length: Math.round(seconds * 16_000) },
    (_, at) => 0.3 * Math.sin((2 * Math.PI * hertz * at) / 16_000),
  )
  return Buffer.from(wavOf(samples))
}

/** A wave file that is loud for as long as it is silent, so many times. */
export function pulses(times: number, seconds: number, hertz = 220): Buffer {
  const half = Math.round(seconds * 16_000)
  const samples = Float32Array.from({ length: 2 * half * times }, (_, at) =>
    at % (2 * half) < half ? 0.3 * Math.sin((2 * Math.PI * hertz * at) / 16_000) : 0,
  )
  return Buffer.from(wavOf(samples))
}

/** What a wave file of 16 bits holds, by its own head. */
export function readWav(file: Buffer) {
  const samples = new Int16Array(file.length / 2 - 22)
  for (let at = 0; at < samples.length; at += 1) samples[at] = file.readInt16LE(44 + at * 2)
  return {
    marks: [file.toString('latin1', 0, 4), file.toString('latin1', 8, 12), file.toString('latin1', 36, 40)],
    channels: file.readUInt16LE(22),
    rate: file.readUInt32LE(24),
    bits: file.readUInt16LE(34),
    sizes: [file.readUInt32LE(4), file.readUInt32LE(40)],
    samples,
    peak: samples.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0) / 0x7fff,
  }
}
