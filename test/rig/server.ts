import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { KEY } from './rig.ts'
import { eventually, within } from './wait.ts'

const MAIN = resolve(import.meta.dirname, '../../dist/server/main.js')

export interface Run {
  readonly exitCode: number | null
  readonly signal: string | null
  readonly stdout: string
  readonly stderr: string
}

/** The built gateway as a process of its own. */
export interface Server extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly key: string
  readonly child: ChildProcess
  readonly cwd: string
  readonly exited: Promise<Run>
  /** Resident memory in bytes. */
  residentBytes(): Promise<number>
  fetch(path: string, init?: RequestInit): Promise<Response>
}

export interface Launch {
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  /** `voice`: the voice server alone. */
  readonly part?: 'voice'
  /** Files and sockets it may have open at once. */
  readonly openFiles?: number
  /** Shell that comes before it, in the same process. */
  readonly before?: string
}

/** Starts it and watches it end; for starts that are meant to fail. */
export function launch({ env, cwd, part, openFiles, before = '' }: Launch): {
  readonly child: ChildProcess
  readonly exited: Promise<Run>
} {
  const limit = openFiles === undefined ? before : `ulimit -n ${openFiles} && `
  const child = spawn(
    'sh',
    ['-c', `${limit}exec "$0" "$@"`, process.execPath, MAIN, ...(part ? [part] : [])],
    {
      cwd,
      env: { PATH: process.env.PATH, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const exited = once(child, 'close').then(
    ([exitCode, signal]) => ({ exitCode, signal, stdout, stderr }) as Run,
  )
  return { child, exited }
}

export async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  const { port } = server.address() as AddressInfo
  await new Promise((closed) => server.close(closed))
  return port
}

/** Starts it and waits until it answers. */
export async function startServer(
  env: Readonly<Record<string, string>> = {},
  limits: Pick<Launch, 'openFiles' | 'before'> = {},
): Promise<Server> {
  const cwd = await mkdtemp(join(tmpdir(), 'ghost-server-'))
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const { child, exited } = launch({
    cwd,
    ...limits,
    env: { GHOST_API_KEY: KEY, HOST: '127.0.0.1', PORT: String(port), ...env },
  })
  const died = exited.then((run) => {
    throw new Error(`the server ended with ${run.exitCode ?? run.signal}: ${run.stderr}${run.stdout}`)
  })
  const answers = eventually(
    'an answer of /healthz',
    () => fetch(`${url}/healthz`).then(okay, () => false),
    20_000,
  )
  await Promise.race([answers, died])
  died.catch(() => {})

  return {
    url,
    port,
    key: env.GHOST_API_KEY ?? KEY,
    child,
    cwd,
    exited,
    async residentBytes() {
      const status = await readFile(`/proc/${child.pid}/status`, 'utf8')
      return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024
    },
    fetch: (path, init = {}) =>
      fetch(url + path, { ...init, headers: { 'x-ghost-key': KEY, ...(init.headers as object) } }),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL')
      await within('the end of the server', exited)
      await rm(cwd, { recursive: true, force: true })
    },
  }
}

const okay = (response: Response) => response.ok
