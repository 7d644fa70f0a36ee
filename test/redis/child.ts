import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'vite'
import type { RedisOptions } from '../../src/gateway/store/redis/options.ts'
import type { StreamStore } from '../../src/gateway/store/store.ts'
import type { Answer, Question } from './owner.ts'

/** `owner.ts` as one file of JavaScript: not every Node that is supported takes types away by itself. */
export async function bundle(): Promise<{ readonly file: string } & AsyncDisposable> {
  const dir = await mkdtemp(join(tmpdir(), 'ghost-owner-'))
  await build({
    configFile: false,
    logLevel: 'error',
    publicDir: false,
    ssr: { noExternal: true },
    build: {
      ssr: true,
      outDir: dir,
      emptyOutDir: false,
      minify: false,
      rolldownOptions: {
        input: join(import.meta.dirname, 'owner.ts'),
        output: { entryFileNames: 'owner.mjs' },
      },
    },
  })
  return {
    file: join(dir, 'owner.mjs'),
    [Symbol.asyncDispose]: () => rm(dir, { recursive: true }),
  }
}

/** A gateway's store in a process of its own, that can be stopped and killed. */
export class Child implements AsyncDisposable {
  readonly #process: ChildProcess
  readonly #asked = new Map<number, (answer: Answer) => void>()
  #questions = 0

  static async start(file: string, options: Omit<RedisOptions, 'say'>): Promise<Child> {
    const child = new Child(fork(file, [JSON.stringify(options)], { serialization: 'advanced' }))
    await once(child.#process, 'message')
    child.#process.on('message', (answer: Answer) => {
      child.#asked.get(answer.question)?.(answer)
      child.#asked.delete(answer.question)
    })
    return child
  }

  private constructor(process: ChildProcess) {
    this.#process = process
  }

  /** Calls a method of the store there. */
  async ask<N extends Question['name']>(
    name: N,
    ...args: Parameters<StreamStore[N]>
  ): Promise<Awaited<ReturnType<StreamStore[N]>>> {
    const question = ++this.#questions
    const answer = new Promise<Answer>((resolve) => this.#asked.set(question, resolve))
    this.#process.send({ question, name, args } satisfies Question)
    const { value, error } = await answer
    if (error !== undefined) throw new Error(error)
    return value as Awaited<ReturnType<StreamStore[N]>>
  }

  freeze(): void {
    this.#process.kill('SIGSTOP')
  }
  thaw(): void {
    this.#process.kill('SIGCONT')
  }

  async kill(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return
    const over = once(this.#process, 'exit')
    this.#process.kill('SIGKILL')
    await over
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill()
  }
}
