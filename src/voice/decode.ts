import { open, readFile } from 'node:fs/promises'
import { runProgram } from './program.ts'
import { Refusal } from './refusal.ts'
import { atRate, isWave, readWave, type Sound, samplesOf, secondsOf } from './wave.ts'

/** What recognizers are trained on. */
export const HEARD_RATE = 16_000
const DECODE_MS = 30_000

/** How each kind of file begins, and what ffmpeg calls it. What begins otherwise it never sees: it would follow a playlist anywhere. */
const KINDS: readonly (readonly [format: string, at: number, begin: string])[] = [
  ['wav', 0, 'RIFF'],
  ['matroska', 0, '\x1a\x45\xdf\xa3'],
  ['ogg', 0, 'OggS'],
  ['mov', 4, 'ftyp'],
  ['flac', 0, 'fLaC'],
  ['mp3', 0, 'ID3'],
  ['mp3', 0, '\xff\xfb'],
  ['mp3', 0, '\xff\xf3'],
  ['aac', 0, '\xff\xf1'],
]

/**
 * A recording of any kind as what a recognizer takes. A plain wave file needs nothing; the rest needs ffmpeg.
 * @throws Refusal audio_unreadable, audio_too_long
 */
export async function decode(
  file: string,
  ffmpeg: string | undefined,
  maxSeconds: number,
  signal: AbortSignal,
): Promise<Sound> {
  const begin = await beginOf(file)
  // What a recorder leaves that was stopped before it began.
  if (begin.length === 0) return { rate: HEARD_RATE, samples: new Int16Array() }
  const plain = isWave(begin) ? readWave(await readFile(file)) : undefined
  const sound = plain ?? (await convert(file, begin, ffmpeg, maxSeconds, signal))
  if (secondsOf(sound) > maxSeconds)
    throw new Refusal('audio_too_long', `more than ${maxSeconds / 60} minutes`)
  return atRate(sound, HEARD_RATE)
}

async function convert(
  file: string,
  begin: Buffer,
  ffmpeg: string | undefined,
  maxSeconds: number,
  signal: AbortSignal,
): Promise<Sound> {
  const format = KINDS.find(([, at, mark]) => begin.toString('latin1', at, at + mark.length) === mark)?.[0]
  if (!format) throw new Refusal('audio_unreadable', 'this is no recording of a kind that is known here')
  if (!ffmpeg)
    throw new Refusal(
      'audio_unreadable',
      'only wave files of 16 bits can be read here: install ffmpeg for the rest',
    )
  const args = [
    ...['-nostdin', '-hide_banner', '-loglevel', 'error', '-protocol_whitelist', 'file,pipe'],
    ...['-f', format, '-i', file, '-vn', '-sn', '-dn', '-t', String(maxSeconds + 1)],
    ...['-ac', '1', '-ar', String(HEARD_RATE), '-f', 's16le', 'pipe:1'],
  ]
  const outBytes = (maxSeconds + 2) * HEARD_RATE * 2
  try {
    const samples = await runProgram({ program: ffmpeg, args, ms: DECODE_MS, outBytes }, signal)
    return { rate: HEARD_RATE, samples: samplesOf(samples) }
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'voice_error') throw error
    throw new Refusal('audio_unreadable', 'the recording is damaged', { cause: error.cause })
  }
}

async function beginOf(file: string): Promise<Buffer> {
  const handle = await open(file)
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(16), 0, 16, 0)
    return buffer.subarray(0, bytesRead)
  } finally {
    await handle.close()
  }
}
