import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { rolldown } from 'rolldown'

/** The writer as a script that node can run. */
export async function bundled(): Promise<{ readonly script: string; remove(): void }> {
  const dir = mkdtempSync(join(tmpdir(), 'ghost-writer-'))
  const file = join(dir, 'writer.mjs')
  const input = join(import.meta.dirname, 'writer.ts')
  const bundle = await rolldown({ input, platform: 'node', logLevel: 'silent' })
  await bundle.write({ file, format: 'esm' })
  await bundle.close()
  return { script: file, remove: () => rmSync(dir, { recursive: true }) }
}

/** A writer on a data directory of its own. */
export class Writer implements AsyncDisposable {
  readonly #process: ChildProcess
  readonly #closed: Promise<unknown>
  #said = ''
  #heard = () => {}

  constructor(script: string, ...args: readonly string[]) {
    this.#process = spawn(process.execPath, [script, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
    this.#closed = once(this.#process, 'close')
    this.#process.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#said += text
      this.#heard()
    })
    void this.#closed.then(() => this.#heard())
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  /** Resolves when it has said so much. */
  async said(bytes: number): Promise<void> {
    while (this.#said.length < bytes) {
      if (this.#process.exitCode !== null) throw new Error(`it ended: ${this.#said}`)
      await new Promise<void>((resolve) => {
        this.#heard = resolve
      })
    }
  }

  /** Ends it at once; gives the whole lines it has said. */
  async kill(): Promise<string[]> {
    this.#process.kill('SIGKILL')
    await this.#closed
    return this.#said.split('\n').slice(0, -1)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
  }
}
