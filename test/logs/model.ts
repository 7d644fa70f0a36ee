import { CUT_MARK } from '../../src/gateway/logs/lines.ts'

/** What a reader should be told of a file that had these bytes, put as plainly as possible. Its last line need not be finished. */
export function linesOf(bytes: Buffer, lineBytes: number): string[] {
  const pieces = Buffer.from(bytes).toString('latin1').split('\n')
  const last = pieces.pop() ?? ''
  const lines = pieces.map((piece) => lineOf(piece, lineBytes))
  const unfinished = lineOf(last, lineBytes)
  return unfinished === '' ? lines : [...lines, unfinished]
}

function lineOf(latin1: string, lineBytes: number): string {
  const bytes = Buffer.from(latin1.replace(/^\0+/, '').replace(/\r$/, ''), 'latin1')
  if (bytes.length <= lineBytes) return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
  const whole = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(0, lineBytes), {
    stream: true,
  })
  return whole + CUT_MARK
}

export function splitAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b), bytes.length]
  return places.slice(1).map((end, i) => bytes.subarray(places[i], end))
}
