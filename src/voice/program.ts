import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { accessSync, constants } from 'node:fs'
import { setPriority } from 'node:os'
import { delimiter, join } from 'node:path'
import type { Readable, Writable } from 'node:stream'
import { Refusal } from './refusal.ts'

/** A service's PATH is often shorter than a person's: what works by hand must work there. */
const KNOWN = ['/usr/local/bin', '/usr/bin', '/bin', '/opt/homebrew/bin']
/** Chat goes first. */
const NICE = 10
const SAID_CHARS = 400

/** The folders that programs are looked for in. */
export function searchPath(path: string | undefined): readonly string[] {
  return [...new Set([...(path ?? '').split(delimiter), ...KNOWN])].filter((dir) => dir.startsWith('/'))
}

/** Where a program is, if it is. */
export function findProgram(name: string, dirs: readonly string[]): string | undefined {
  return dirs.map((dir) => join(dir, name)).find(isProgram)
}

function isProgram(file: string): boolean {
  try {
    accessSync(file, constants.X_OK)
    return true
  } catch {
    return false
  }
}

type Child = ChildProcessByStdio<Writable | null, Readable, Readable>

export interface Run {
  readonly program: string
  /** Never anything that a caller said: no text, no file name, no voice that is not the program's own. */
  readonly args: readonly string[]
  /** Becomes its standard input. */
  readonly input?: string
  readonly ms: number
  /** Most that it may print. */
  readonly outBytes: number
}

/**
 * Runs a program to its end and gives what it printed. When it is over, however it ended, it is reaped, and so is whatever it started.
 * @throws Refusal `voice_error`, `voice_timeout`; the signal's reason
 */
export async function runProgram(run: Run, signal: AbortSignal): Promise<Buffer> {
  signal.throwIfAborted()
  const name = run.program.slice(run.program.lastIndexOf('/') + 1)
  const limit = AbortSignal.timeout(run.ms)
  const child = spawn(run.program, run.args, {
    stdio: [run.input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
    // A group of its own, so that what it starts can be ended with it.
    detached: true,
    // Nothing of ours: the environment has keys in it.
    env: { PATH: KNOWN.join(delimiter), LANG: 'C.UTF-8' },
  }) as Child
  const kill = () => killGroup(child.pid)
  const either = AbortSignal.any([signal, limit])
  either.addEventListener('abort', kill, { once: true })
  try {
    const { code, out, said, full } = await ending(child, run, kill)
    signal.throwIfAborted()
    if (limit.aborted) throw new Refusal('voice_timeout', `${name} took longer than ${run.ms / 1000} s`)
    if (full) throw new Refusal('voice_error', `${name} made more than it should`)
    if (code !== 0)
      throw new Refusal('voice_error', `${name} failed`, { cause: `it ended with ${code}: ${said}` })
    return out
  } finally {
    either.removeEventListener('abort', kill)
  }
}

interface Ending {
  readonly code: number | string | null
  readonly out: Buffer
  readonly said: string
  readonly full: boolean
}

function ending(child: Child, { input, outBytes }: Run, kill: () => void): Promise<Ending> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = []
    let size = 0
    let said = ''
    child.once('error', reject)
    // It has ended, but what it started may not have, and would hold its output open.
    child.once('exit', kill)
    child.once('close', (code, signal) =>
      resolve({ code: code ?? signal, out: Buffer.concat(chunks), said, full: size > outBytes }),
    )
    child.stdout.on('data', (chunk: Buffer) => {
      size += chunk.length
      if (size <= outBytes) chunks.push(chunk)
      else kill()
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      said = (said + text).slice(-SAID_CHARS)
    })
    // Who does not read its input to the end has ended, and that is told already.
    child.stdin?.on('error', () => {})
    child.stdin?.end(input)
    if (child.pid !== undefined) yieldTo(child.pid)
  })
}

function yieldTo(pid: number): void {
  try {
    setPriority(pid, NICE)
  } catch {
    // It has ended already.
  }
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, 'SIGKILL')
  } catch {
    // There is nobody left in it.
  }
}
