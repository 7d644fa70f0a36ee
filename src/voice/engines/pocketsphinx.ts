import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Listener } from '../engine.ts'
import { runProgram } from '../program.ts'
import { inScratch } from '../scratch.ts'
import { waveFile } from '../wave.ts'

const MODELS = ['/usr/share/pocketsphinx/model/en-us', '/usr/local/share/pocketsphinx/model/en-us']
const HEAR_MS = 50_000
const OUT_BYTES = 1 << 20

/** Where the English model is; undefined when it is not installed. */
export const findModel = (): string | undefined =>
  MODELS.find((dir) => existsSync(join(dir, 'cmudict-en-us.dict')))

export function pocketsphinx(program: string, model: string, parallel: number): Listener {
  return {
    name: 'pocketsphinx',
    parallel,
    hear: (sound, signal) =>
      inScratch(async (dir) => {
        const wave = join(dir, 'sound.wav')
        await writeFile(wave, waveFile(sound))
        const args = [
          ...['-infile', wave, '-hmm', join(model, 'en-us'), '-lm', join(model, 'en-us.lm.bin')],
          ...['-dict', join(model, 'cmudict-en-us.dict'), '-logfn', '/dev/null'],
        ]
        const out = await runProgram({ program, args, ms: HEAR_MS, outBytes: OUT_BYTES }, signal)
        return String(out)
      }),
  }
}
