import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Manner, type Speaker, voiceOf } from '../engine.ts'
import { runProgram } from '../program.ts'
import { Refusal } from '../refusal.ts'
import { inScratch } from '../scratch.ts'
import { readWave, type Sound } from '../wave.ts'

const SENTENCE_MS = 20_000
const LIST_MS = 5_000
const LIST_BYTES = 1 << 20
const ESPEAK_WORDS_A_MINUTE = 175

/** How a program is told to read one file and write another. */
type Order = (text: string, wave: string, manner: Manner) => { args: readonly string[]; input?: string }

/** An installed program that speaks. The text reaches it in a file or on its standard input, never among its arguments. */
function installed(name: string, program: string, order: (signal: AbortSignal) => Promise<Order>): Speaker {
  return {
    name,
    parallel: 1,
    speak: (sentence, manner, signal) =>
      inScratch(async (dir) => {
        const [text, wave] = [join(dir, 'text'), join(dir, 'wave.wav')]
        await writeFile(text, `${sentence}\n`)
        const { args, input } = (await order(signal))(text, wave, manner)
        const run = { program, args, ms: SENTENCE_MS, outBytes: LIST_BYTES }
        await runProgram({ ...run, ...(input === 'text' && { input: `${sentence}\n` }) }, signal)
        return soundOf(name, await readFile(wave))
      }),
    close: async () => {},
  }
}

function soundOf(name: string, wave: Buffer): Sound {
  const sound = readWave(wave)
  if (!sound) throw new Refusal('voice_error', `${name} made no sound`)
  return sound
}

/** What a program says of itself, asked once; asked again if that failed. */
function asked<T>(program: string, args: readonly string[], read: (said: string) => T) {
  let known: T | undefined
  return async (signal: AbortSignal): Promise<T> => {
    known ??= read(String(await runProgram({ program, args, ms: LIST_MS, outBytes: LIST_BYTES }, signal)))
    return known
  }
}

export function flite(program: string): Speaker {
  const voices = asked(program, ['-lv'], (said) => said.replace(/^.*:/, '').trim().split(/\s+/))
  return installed('flite', program, async (signal) => {
    const known = await voices(signal)
    return (text, wave, { voice, speed }) => {
      // It would take a path or an address for a voice, too.
      const chosen = voiceOf(known, voice, 'slt') ?? 'slt'
      return { args: ['-voice', chosen, '--setf', `duration_stretch=${1 / speed}`, '-f', text, '-o', wave] }
    }
  })
}

export function espeak(program: string): Speaker {
  const voices = asked(program, ['--voices'], (said) =>
    said
      .split('\n')
      .slice(1)
      .flatMap((line) => line.trim().split(/\s+/)[1] ?? []),
  )
  return installed('espeak-ng', program, async (signal) => {
    const known = await voices(signal)
    return (text, wave, { voice, speed }) => {
      const pace = String(Math.round(ESPEAK_WORDS_A_MINUTE * speed))
      return { args: ['-v', voiceOf(known, voice, 'en') ?? 'en', '-s', pace, '-f', text, '-w', wave] }
    }
  })
}

/** Piper's voice is a file of the operator's choice; no caller can name another. */
export function piper(program: string, model: string): Speaker {
  return installed('piper', program, async () => (_text, wave, { speed }) => ({
    args: [
      '--model',
      model,
      '--output_file',
      wave,
      ...(speed === 1 ? [] : ['--length_scale', `${1 / speed}`]),
    ],
    input: 'text',
  }))
}
