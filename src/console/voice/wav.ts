export const RATE = 16_000
const HEAD = 44

/** Mono samples between -1 and 1 as a wave file of 16 bits. */
export function wavOf(samples: Float32Array, rate = RATE): ArrayBuffer {
  const file = new DataView(new ArrayBuffer(HEAD + samples.length * 2))
  const word = (at: number, text: string) => {
    for (let i = 0; i < text.length; i += 1) file.setUint8(at + i, text.charCodeAt(i))
  }
  word(0, 'RIFF')
  file.setUint32(4, HEAD - 8 + samples.length * 2, true)
  word(8, 'WAVEfmt ')
  file.setUint32(16, 16, true)
  file.setUint16(20, 1, true)
  file.setUint16(22, 1, true)
  file.setUint32(24, rate, true)
  file.setUint32(28, rate * 2, true)
  file.setUint16(32, 2, true)
  file.setUint16(34, 16, true)
  word(36, 'data')
  file.setUint32(40, samples.length * 2, true)
  for (const [at, sample] of samples.entries()) {
    const kept = Math.max(-1, Math.min(1, sample))
    file.setInt16(HEAD + at * 2, Math.round(kept * 0x7fff), true)
  }
  return file.buffer
}

/** How loud it is, from 0 to 1, as an ear would have it: half of the scale is quiet talk. */
export function loudness(samples: Float32Array): number {
  if (samples.length === 0) return 0
  let sum = 0
  for (const sample of samples) sum += sample * sample
  const decibels = 10 * Math.log10(sum / samples.length + 1e-10)
  return Math.max(0, Math.min(1, (decibels + 60) / 50))
}
