import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient } from '@redis/client'
import { eventually, within } from '../rig/wait.ts'

const BINARY = 'redis-server'

/** A Redis of one's own: it can be stopped, killed and started again on its port, as it was or empty. */
export class RedisServer implements AsyncDisposable {
  readonly port: number
  readonly #dir: string
  readonly #settings: readonly string[]
  #process: ChildProcess | undefined

  static async start(...settings: readonly string[]): Promise<RedisServer> {
    const server = new RedisServer(await freePort(), await mkdtemp(join(tmpdir(), 'ghost-redis-')), settings)
    await server.revive()
    return server
  }

  private constructor(port: number, dir: string, settings: readonly string[]) {
    this.port = port
    this.#dir = dir
    this.#settings = settings
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`
  }

  /** Starts it, again if it was killed. */
  async revive(): Promise<void> {
    const where = ['--bind', '127.0.0.1', '--port', String(this.port), '--dir', this.#dir]
    const started = spawn(BINARY, [...where, '--save', '', '--appendonly', 'yes', ...this.#settings], {
      stdio: 'ignore',
    })
    const failed = once(started, 'error').then(([error]) => {
      throw new Error(
        `${BINARY} cannot be run (${error.code}): install it, on Debian with apt-get install ${BINARY}`,
      )
    })
    failed.catch(() => {})
    this.#process = started
    await Promise.race([
      failed,
      eventually('Redis to listen', () => this.ask(['PING']).catch(() => undefined)),
    ])
  }

  async kill(): Promise<void> {
    const process = this.#process
    this.#process = undefined
    if (!process || process.exitCode !== null || process.signalCode !== null) return
    const over = once(process, 'exit')
    process.kill('SIGKILL')
    await within('Redis to die', over)
  }

  /** Its connections stay open, and it says nothing. */
  freeze(): void {
    this.#process?.kill('SIGSTOP')
  }
  thaw(): void {
    this.#process?.kill('SIGCONT')
  }

  /** One command over a connection of its own. */
  async ask(args: readonly string[]): Promise<unknown> {
    const client = createClient({
      RESP: 2,
      socket: { host: '127.0.0.1', port: this.port, reconnectStrategy: false },
      disableClientInfo: true,
      maintNotifications: 'disabled',
    })
    client.on('error', () => {})
    try {
      await client.connect()
      return await client.sendCommand([...args])
    } finally {
      client.destroy()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill()
    await rm(this.#dir, { recursive: true, force: true })
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (typeof address === 'string' || address === null) throw new Error('no port')
  return address.port
}
