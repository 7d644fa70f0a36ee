import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { KEY } from './client.ts'

/** Seen from the bundle of the benchmarks, which lies in a folder of `dist`. */
const MAIN = fileURLToPath(new URL('../server/main.js', import.meta.url))
const PROBE = fileURLToPath(new URL('./probe.js', import.meta.url))

/** What stands between the load and the agent, as a process of its own. */
export interface Subject {
  readonly name: string
  readonly port: number
  readonly pids: readonly number[]
  stop(): Promise<void>
}

export type Start = (
  dir: string,
  agentPort: number,
  env?: Readonly<Record<string, string>>,
) => Promise<Subject>

export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}

async function reachable(port: number, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`${child.spawnfile} ended with ${child.exitCode}`)
    const isOpen = await new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1', () => resolve(true)).on('error', () => resolve(false))
      socket.on('connect', () => socket.destroy())
    })
    if (isOpen) return
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}

function subject(name: string, port: number, child: ChildProcess, pids = [child.pid ?? 0]): Subject {
  return {
    name,
    port,
    pids,
    async stop() {
      const gone = once(child, 'exit')
      if (child.exitCode === null && child.signalCode === null) {
        child.kill(name === 'nginx' ? 'SIGTERM' : 'SIGKILL')
        await gone
      }
    },
  }
}

/** The built server with its defaults: the disk store, ids, caps, metrics and its log. */
export const gatewayOf =
  (main: string): Start =>
  async (dir, agentPort, env = {}) => {
    const port = await freePort()
    const child = spawn(process.execPath, [main], {
      cwd: dir,
      env: {
        PATH: process.env.PATH,
        GHOST_API_KEY: KEY,
        HOST: '127.0.0.1',
        PORT: `${port}`,
        GHOST_AGENT_URL: `http://127.0.0.1:${agentPort}`,
        GHOST_AGENT_LOG: join(dir, 'agent.log'),
        GHOST_VOICE_URL: 'http://127.0.0.1:9',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    child.stdout.resume()
    await reachable(port, child)
    return subject('gateway', port, child)
  }
export const gateway = gatewayOf(MAIN)

/** What `node:http` and undici cost as they are: no key, no ids, no caps, no store. */
export const probe: Start = async (dir, agentPort) => {
  const port = await freePort()
  const child = spawn(process.execPath, [PROBE, `${port}`, `${agentPort}`, join(dir, 'agent.log')], {
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  await reachable(port, child)
  return subject('probe', port, child)
}

/** One worker, nothing buffered: the least that C can do, without a log to resume from. */
export const nginx: Start = async (dir, agentPort) => {
  const port = await freePort()
  const file = join(dir, 'nginx.conf')
  const own = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map(
    (it) => `${it}_temp_path ${dir}/${it};`,
  )
  writeFileSync(
    file,
    `daemon off; worker_processes 1; pid ${dir}/nginx.pid; error_log ${dir}/nginx.log; worker_rlimit_nofile 30000;
events { worker_connections 25000; }
http { access_log off; ${own.join(' ')} client_max_body_size 0; keepalive_requests 1000000;
upstream agent { server 127.0.0.1:${agentPort}; keepalive 64; }
server { listen 127.0.0.1:${port} backlog=8192; location / { proxy_pass http://agent; proxy_http_version 1.1;
proxy_set_header Connection ""; proxy_buffering off; proxy_request_buffering off; proxy_read_timeout 600s; } } }`,
  )
  const child = spawn('nginx', ['-c', file, '-p', dir], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { PATH: `${process.env.PATH}:/usr/sbin` },
  })
  await reachable(port, child)
  // It listens before it has its worker.
  let workers = ''
  while (workers === '') {
    await new Promise((resolve) => setTimeout(resolve, 5))
    workers = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim()
  }
  return subject('nginx', port, child, [child.pid ?? 0, ...workers.split(' ').map(Number)])
}

/** Nothing in between. */
export const direct: Start = async (_, agentPort) => ({
  name: 'direct',
  port: agentPort,
  pids: [],
  async stop() {},
})
