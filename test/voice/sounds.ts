import { waveFile } from '../../src/voice/wave.ts'

const RATE = 16_000

/** A wave file of one channel, sample by sample. */
export const wave = (seconds: number, at: (second: number) => number = () => 0, rate = RATE): Buffer =>
  waveFile({
    rate,
    samples: Int16Array.from({ length: Math.round(seconds * rate) }, (_, i) => 32_767 * at(i / rate)),
  })

/** A tone, as loud as speech. */
export const tone = (second: number): number => 0.3 * Math.sin(2 * Math.PI * 440 * second)

/** How much of what was said was heard: the share of its words that are there, in their order, minus those that nobody said. */
export function heardShare(said: string, heard: string): number {
  const [a, b] = [said, heard].map((text) => text.toLowerCase().match(/[a-z']+/g) ?? [])
  if (!a || !b) return 0
  let row = b.map((_, i) => i + 1)
  row.unshift(0)
  for (const [i, word] of a.entries()) {
    const next = [i + 1]
    for (const [j, other] of b.entries())
      next.push(Math.min((row[j] ?? 0) + (word === other ? 0 : 1), (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1))
    row = next
  }
  return 1 - (row.at(-1) ?? a.length) / a.length
}
