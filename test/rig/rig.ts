import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Agent, fetch, type RequestInit, type Response } from 'undici'
import WebSocket, { type ClientOptions } from 'ws'
import { type Config, parseConfig, type Timing } from '../../src/gateway/config.ts'
import { type Embedded, type Gateway, startGateway } from '../../src/gateway/gateway.ts'
import { startAgent } from './agent.ts'
import { EventReader } from './events.ts'
import type { Upstream } from './upstream.ts'
import { startVoice } from './voice.ts'
import { Wire } from './wire.ts'

export const KEY = 'rig-key-0123456789abcdef'

export interface RigOptions {
  /** As an operator would set it; over the rig's own. */
  readonly env?: Readonly<Record<string, string>>
  readonly timing?: Partial<Timing>
  /** What no variable can say. */
  readonly config?: Partial<Config>
  readonly embedded?: Embedded
}

/** A streamed answer: its head, and a reader of its events. */
export interface Stream extends EventReader {
  readonly status: number
  readonly headers: Response['headers']
  readonly taskId: string
  /** Goes away without a word, as a closed browser does. */
  leave(): void
}

/** A gateway between a scripted agent and a scripted voice server. Ends all of it when it goes out of scope. */
export interface Rig extends AsyncDisposable {
  readonly url: string
  readonly port: number
  readonly key: string
  readonly agent: Upstream
  readonly voice: Upstream
  readonly gateway: Gateway
  /** Everything that is written goes below. */
  readonly dir: string
  /** The file that the gateway follows; nobody has made it yet. */
  readonly agentLog: string
  /** Asks with the key. */
  fetch(path: string, init?: RequestInit): Promise<Response>
  /** Asks without any. */
  stranger(path: string, init?: RequestInit): Promise<Response>
  post(path: string, body: unknown, headers?: Record<string, string>): Promise<Response>
  /** `POST /api/chat` with `stream: true`. */
  chat(body?: object, headers?: Record<string, string>): Promise<Stream>
  /** Any other answer that is an event stream. */
  stream(path: string, init?: RequestInit): Promise<Stream>
  resume(taskId: string, from?: number): Promise<Stream>
  /** A connection of bytes. */
  wire(): Wire
  /** A websocket that has not opened yet. */
  socket(path: string, options?: ClientOptions): WebSocket
}

export const messages = (text = 'hello') => [{ role: 'user', content: text }]

export async function startRig({
  env = {},
  timing = {},
  config = {},
  embedded,
}: RigOptions = {}): Promise<Rig> {
  const dir = await mkdtemp(join(tmpdir(), 'ghost-rig-'))
  const agentLog = join(dir, 'agent.log')
  const [agent, voice] = await Promise.all([startAgent(), startVoice()])
  const clear = async () => {
    await Promise.all([agent.close(), voice.close()])
    await rm(dir, { recursive: true, force: true })
  }
  const parsed = parseConfig(
    {
      GHOST_API_KEY: KEY,
      GHOST_AGENT_URL: agent.url,
      GHOST_VOICE_URL: voice.url,
      GHOST_AGENT_LOG: agentLog,
      GHOST_DATA_DIR: join(dir, 'data'),
      GHOST_LOG_LEVEL: 'silent',
      // The same promises over another store: RIG_STORE=memory npx vitest run test/contract
      ...(process.env.RIG_STORE && { GHOST_STORE: process.env.RIG_STORE }),
      ...env,
    },
    dir,
  )
  const gateway = await startGateway(
    {
      ...parsed,
      host: '127.0.0.1',
      port: 0,
      timing: { ...parsed.timing, drainMs: 50, ...timing },
      ...config,
    },
    embedded,
  ).catch(async (error: unknown) => {
    await clear()
    throw error
  })
  const sockets = new Set<{ terminate(): void }>()
  const client = new Agent({
    connections: 512,
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
    // Where a test has the gateway speak TLS, nobody has signed its certificate.
    connect: { rejectUnauthorized: false },
  })
  const { url, port } = gateway

  const stranger: Rig['stranger'] = (path, init = {}) =>
    fetch(url + path, { redirect: 'manual', dispatcher: client, ...init })
  const ask: Rig['fetch'] = (path, init = {}) =>
    stranger(path, { ...init, headers: { 'x-ghost-key': parsed.key, ...(init.headers as object) } })
  const post: Rig['post'] = (path, body, headers = {}) =>
    ask(path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body),
    })
  const stream: Rig['stream'] = async (path, init = {}) => {
    const leaving = new AbortController()
    const response = await ask(path, { ...init, signal: leaving.signal })
    return Object.assign(new EventReader(response.body ?? empty()), {
      status: response.status,
      headers: response.headers,
      taskId: response.headers.get('x-task-id') ?? '',
      leave: () => leaving.abort(),
    })
  }

  return {
    url,
    port,
    key: parsed.key,
    agent,
    voice,
    gateway,
    dir,
    agentLog,
    fetch: ask,
    stranger,
    post,
    stream,
    chat: (body = {}, headers = {}) =>
      stream('/api/chat', {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ messages: messages(), stream: true, ...body }),
      }),
    resume: (taskId, from) =>
      stream(`/api/chat/resume/${taskId}${from === undefined ? '' : `?offset=${from}`}`),
    wire() {
      const wire = new Wire(port)
      sockets.add({ terminate: () => wire.leave() })
      return wire
    },
    socket(path, options = {}) {
      const socket = new WebSocket(url.replace(/^http/, 'ws') + path, {
        rejectUnauthorized: false,
        ...options,
      })
      sockets.add(socket)
      return socket
    },
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.terminate()
      await client.destroy()
      await gateway.close().finally(clear)
      const faults = [...agent.faults, ...voice.faults]
      if (faults.length > 0) throw faults[0]
    },
  }
}

async function* empty(): AsyncGenerator<Uint8Array> {}
