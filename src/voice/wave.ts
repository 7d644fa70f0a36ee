/** One channel of 16 bit samples. */
export interface Sound {
  readonly rate: number
  readonly samples: Int16Array
}

const HEAD_BYTES = 44
/** A length nobody knows yet. Players read such a file to its end. */
const OPEN_ENDED = 0xffffffff

export const secondsOf = ({ rate, samples }: Sound): number => samples.length / rate

/** The head of a wave file; without a length it is open-ended. */
export function waveHead(rate: number, bytes?: number): Buffer {
  const head = Buffer.alloc(HEAD_BYTES)
  head.write('RIFF', 0, 'latin1')
  head.writeUInt32LE(bytes === undefined ? OPEN_ENDED : bytes + HEAD_BYTES - 8, 4)
  head.write('WAVEfmt ', 8, 'latin1')
  head.writeUInt32LE(16, 16)
  head.writeUInt16LE(1, 20)
  head.writeUInt16LE(1, 22)
  head.writeUInt32LE(rate, 24)
  head.writeUInt32LE(rate * 2, 28)
  head.writeUInt16LE(2, 32)
  head.writeUInt16LE(16, 34)
  head.write('data', 36, 'latin1')
  head.writeUInt32LE(bytes ?? OPEN_ENDED, 40)
  return head
}

/** The bytes of samples and the samples of bytes; every machine that Node runs on keeps them as wave files do. */
export const bytesOf = ({ samples }: Sound): Buffer =>
  Buffer.from(samples.buffer, samples.byteOffset, samples.byteLength)
export function samplesOf(bytes: Buffer): Int16Array {
  const aligned = bytes.byteOffset % 2 === 0 ? bytes : Buffer.from(new Uint8Array(bytes).buffer)
  return new Int16Array(aligned.buffer, aligned.byteOffset, aligned.length >> 1)
}

export const waveFile = (sound: Sound): Buffer =>
  Buffer.concat([waveHead(sound.rate, sound.samples.byteLength), bytesOf(sound)])

export const isWave = (bytes: Buffer): boolean =>
  bytes.toString('latin1', 0, 4) === 'RIFF' && bytes.toString('latin1', 8, 12) === 'WAVE'

interface Format {
  readonly code: number
  readonly channels: number
  readonly rate: number
  readonly bits: number
}

/**
 * The sound of a wave file of 16 bit samples, its channels mixed into one; undefined if it is something else. Lengths are not believed:
 * whatever streams a file writes its head before it knows them.
 */
export function readWave(bytes: Buffer): Sound | undefined {
  if (!isWave(bytes)) return undefined
  let format: Format | undefined
  for (let at = 12; at + 8 <= bytes.length; ) {
    const kind = bytes.toString('latin1', at, at + 4)
    const size = bytes.readUInt32LE(at + 4)
    const body = bytes.subarray(at + 8, at + 8 + size)
    if (kind === 'fmt ' && body.length >= 16)
      format = {
        code: body.readUInt16LE(0),
        channels: body.readUInt16LE(2),
        rate: body.readUInt32LE(4),
        bits: body.readUInt16LE(14),
      }
    if (kind === 'data') return format && mono(format, body)
    at += 8 + size + (size % 2)
  }
  return undefined
}

const PCM = 1
const EXTENSIBLE = 0xfffe

function mono({ code, channels, rate, bits }: Format, data: Buffer): Sound | undefined {
  if ((code !== PCM && code !== EXTENSIBLE) || bits !== 16) return undefined
  if (channels < 1 || channels > 8 || rate < 4_000 || rate > 192_000) return undefined
  const all = samplesOf(data)
  if (channels === 1) return { rate, samples: all }
  const samples = new Int16Array(Math.floor(all.length / channels))
  for (let frame = 0; frame < samples.length; frame++) {
    let sum = 0
    for (let channel = 0; channel < channels; channel++) sum += all[frame * channels + channel] ?? 0
    samples[frame] = sum / channels
  }
  return { rate, samples }
}

/** The same sound at another rate: each new sample is the mean of what it stands for. Good enough for speech on its way down. */
export function atRate({ rate, samples }: Sound, wanted: number): Sound {
  if (rate === wanted) return { rate, samples }
  const made = new Int16Array(Math.floor((samples.length * wanted) / rate))
  for (let at = 0; at < made.length; at++) {
    const from = Math.floor((at * rate) / wanted)
    const to = Math.min(samples.length, Math.max(from + 1, Math.floor(((at + 1) * rate) / wanted)))
    let sum = 0
    for (let sample = from; sample < to; sample++) sum += samples[sample] ?? 0
    made[at] = sum / (to - from)
  }
  return { rate: wanted, samples: made }
}

const FRAME_S = 0.02
/** About -48 dB. Recorders bring speech to ten times as much; the noise of a quiet room stays below. */
const QUIET = 0.004 * 32_768

/** Seconds of it in which something can be heard. */
export function audibleSeconds({ rate, samples }: Sound): number {
  const frame = Math.round(rate * FRAME_S)
  let audible = 0
  for (let at = 0; at + frame <= samples.length; at += frame) {
    let energy = 0
    for (let sample = at; sample < at + frame; sample++) energy += (samples[sample] ?? 0) ** 2
    if (Math.sqrt(energy / frame) > QUIET) audible += FRAME_S
  }
  return audible
}
