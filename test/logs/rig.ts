import { appendFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Tail, tail } from '../../src/gateway/logs/tail.ts'

export interface TailRig extends AsyncDisposable {
  readonly directory: string
  readonly path: string
  readonly tail: Tail
  readonly told: readonly string[]
  readonly calls: number
  /** Looks at the file once; everything told so far. */
  look(): Promise<readonly string[]>
  onCall(listener: () => void): void
  append(lines: readonly string[]): void
  write(bytes: string | Buffer): void
  stop(): void
}

interface TailRigOptions {
  readonly name?: string
  /** What the file has when the tail starts. Undefined: there is none. */
  readonly before?: readonly string[] | string
  readonly pollMs?: number
  readonly deafMs?: number
  readonly lineBytes?: number
}

/** A tail of a file in a directory of its own. It looks only when told to, unless `pollMs` is given. */
export function startTail(options: TailRigOptions = {}): TailRig {
  const directory = mkdtempSync(join(tmpdir(), 'ghost-tail-'))
  const path = join(directory, options.name ?? 'agent.log')
  const { before } = options
  if (before !== undefined) writeFileSync(path, typeof before === 'string' ? before : textOf(before))
  const told: string[] = []
  const listeners: (() => void)[] = []
  let calls = 0
  const stopping = new AbortController()
  const onLines = (lines: readonly string[]) => {
    calls += 1
    for (const line of lines) told.push(line)
    for (const listener of listeners) listener()
  }
  const { pollMs = Number.POSITIVE_INFINITY, deafMs = pollMs, lineBytes } = options
  const it = tail(path, stopping.signal, { onLines, pollMs, deafMs, ...(lineBytes ? { lineBytes } : {}) })
  return {
    directory,
    path,
    tail: it,
    told,
    get calls() {
      return calls
    },
    look: async () => {
      await it.poll()
      return told
    },
    onCall: (listener) => listeners.push(listener),
    append: (lines) => appendFileSync(path, textOf(lines)),
    write: (bytes) => appendFileSync(path, bytes),
    stop: () => stopping.abort(),
    [Symbol.asyncDispose]: async () => {
      stopping.abort()
      await it.poll()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

export function numbered(first: number, last: number): string[] {
  return Array.from({ length: last - first + 1 }, (_, i) => `line ${first + i}`)
}

/** Waits for what is bound to come; the test's own time limit is the only one. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2))
}

function textOf(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}
