import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { type AddressInfo, createServer, connect as dial, type Socket } from 'node:net'
import { fileURLToPath } from 'node:url'

/** Seen from the bundle of the benchmarks, which lies in a folder of `dist`. */
const MAIN = fileURLToPath(new URL('../server/main.js', import.meta.url))
const KEY = 'bench-key-0123456789abcdef'
const BODY = '{"messages":[],"stream":true}'
const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n'
/** Opened before the first look, so that what is measured is one more stream and not the first. */
const WARM = 100
const AT_ONCE = 50
/** Long enough for one ping to each reader. */
const SETTLE_MS = 20_000

export interface Idle {
  readonly streams: number
  /** Resident bytes a stream, when all are open and after each has had its first ping. */
  readonly opened: number
  readonly pinged: number
}

/** What a live stream costs while its agent is silent: one reader each, against the built gateway as a process. */
export async function idle(dir: string, port: number, streams: number): Promise<Idle> {
  const sockets = new Set<Socket>()
  const agent = createServer((socket) => {
    sockets.add(socket.on('error', () => {}))
    socket.once('data', () => socket.write(HEAD))
  }).listen(0, '127.0.0.1')
  await once(agent, 'listening')
  const env = {
    PATH: process.env.PATH,
    GHOST_API_KEY: KEY,
    HOST: '127.0.0.1',
    PORT: `${port}`,
    GHOST_AGENT_URL: `http://127.0.0.1:${(agent.address() as AddressInfo).port}`,
    GHOST_TASK_LIMIT: `${streams + WARM}`,
    GHOST_LOG_LEVEL: 'error',
  }
  const gateway = spawn(process.execPath, [MAIN], { cwd: dir, env, stdio: ['ignore', 'pipe', 'inherit'] })
  try {
    await once(gateway.stdout, 'data')
    const open = async () => {
      const socket = dial(port, '127.0.0.1')
      sockets.add(socket)
      socket.write(
        `POST /api/chat HTTP/1.1\r\nHost: a\r\nX-Ghost-Key: ${KEY}\r\nContent-Length: ${BODY.length}\r\n\r\n${BODY}`,
      )
      const [answer] = (await once(socket, 'data')) as [Buffer]
      if (!answer.toString('latin1').startsWith('HTTP/1.1 200')) throw new Error(answer.toString('latin1'))
    }
    const openAll = async (count: number) => {
      for (let left = count; left > 0; left -= AT_ONCE)
        await Promise.all(Array.from({ length: Math.min(left, AT_ONCE) }, open))
      await new Promise((resolve) => setTimeout(resolve, 1_000))
    }
    await openAll(WARM)
    const before = await resident(gateway.pid)
    await openAll(streams)
    const opened = await resident(gateway.pid)
    await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
    const pinged = await resident(gateway.pid)
    return { streams, opened: (opened - before) / streams, pinged: (pinged - before) / streams }
  } finally {
    gateway.kill('SIGKILL')
    for (const socket of sockets) socket.destroy()
    agent.close()
  }
}

async function resident(pid: number | undefined): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8')
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024
}
