import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { pino } from 'pino'
import type { Readiness } from '../protocol.ts'
import { Access } from './access.ts'
import { atEachBeat } from './beat.ts'
import { Certificate } from './certificate.ts'
import { Pulses } from './chat/pulses.ts'
import { Tasks } from './chat/tasks.ts'
import { Clients } from './clients.ts'
import type { Config } from './config.ts'
import { Fault } from './fault.ts'
import type { Listener } from './listener.ts'
import { Room } from './logs/room.ts'
import { tail } from './logs/tail.ts'
import { newMetrics } from './metrics.ts'
import type { Described } from './openapi.ts'
import { operations } from './operations.ts'
import { page } from './page.ts'
import { routes } from './routes.ts'
import { newServer } from './server.ts'
import { DiskStore } from './store/disk.ts'
import { MemoryStore } from './store/memory.ts'
import type { StreamStore } from './store/store.ts'
import { Strangers } from './strangers.ts'
import { refuseHandshake, upgrade } from './upgrade.ts'
import { Upstream } from './upstream.ts'

/** The voice server is near and small: what it does not do in this time it does not do. */
const VOICE_CONNECT_MS = 5_000
const VOICE_SILENCE_MS = 60_000
/** What readers get at shutdown to take in their ending. */
const FAREWELL_MS = 1_000

export interface Gateway {
  /** `http://127.0.0.1:<port>`, `https` with a certificate; another host when it listens on one address only. */
  readonly url: string
  readonly port: number
  readiness(): Promise<Readiness>
  /** Ordered shutdown, once however many ask: stop accepting, drain, interrupt the rest, close. */
  close(): Promise<void>
}

export interface Embedded {
  readonly agent: boolean
  /** Starts the voice server when it is first needed, and gives its address: nobody waits for it who only wants the page. */
  readonly voice?: () => Promise<string>
}

/** Builds the parts, starts them, and stops them in reverse. */
export async function startGateway(config: Config, embedded: Embedded = { agent: false }): Promise<Gateway> {
  const { key, timing, limits, voiceUrl } = config
  if (config.agentUrl === undefined) throw new TypeError('a gateway needs an agent')
  const log = pino({ level: config.logLevel })
  const certificate = config.tls && (await Certificate.open(config.tls, log))
  const metrics = newMetrics()
  const strangers = new Strangers()
  const access = new Access(key, Date.now, (request) => strangers.know(request.socket))
  const clients = new Clients(config.clients)
  const store = await openStore(config, (line) => log.warn(line))
  const agent = new Upstream({
    name: 'agent',
    url: config.agentUrl,
    key,
    connectMs: config.chat.connectMs,
    silenceMs: config.chat.timeoutMs,
  })
  let voiceUpstream: Promise<Upstream> | undefined
  const voiceAddress = voiceUrl === undefined ? embedded.voice : async () => voiceUrl
  const voiceServer = voiceAddress && (() => (voiceUpstream ??= voiceAddress().then(openVoice, notStarted)))
  const tasks = new Tasks({
    store,
    agent,
    taskBytes: limits.taskBytes,
    onFirstByte: (seconds) => metrics.firstByte.observe(seconds),
    onStoreFailure: (id, err) => log.error({ task: id, err }, 'the store failed'),
    onEnd: ({ id, status, chunks, bytes }) => {
      metrics.tasks.inc({ status })
      log.info({ task: id, status, chunks, bytes }, 'answer ended')
    },
  })

  const stopped = new AbortController()
  const room = new Room({ refuse: refuseHandshake })
  const followed = config.agentLog
    ? tail(config.agentLog, stopped.signal, { onLines: (lines) => room.say(lines) })
    : undefined
  const stopSweeping = atEachBeat(timing.sweepMs, () => void store.sweep())

  metrics.watch('ghost_active_tasks', 'Tasks that run now', () => tasks.running)
  metrics.watch('ghost_buffered_bytes', 'Bytes of streams held in memory', () => store.bytes)
  metrics.watch('ghost_evictions_total', 'Finished tasks freed early to make room', () => store.evicted)
  metrics.watch('ghost_store_durable', 'Whether what is shown now would survive the process', () =>
    store.health().durable ? 1 : 0,
  )
  metrics.watch('ghost_strangers', 'Connections that have shown no key', () => strangers.here)
  metrics.watch(
    'ghost_dropped_strangers_total',
    'Connections without a key that made room for newer ones',
    () => strangers.dropped,
  )
  metrics.watch('ghost_log_clients', 'Clients that listen to the log', () => room.counts().clients)
  metrics.watch('ghost_log_lines_total', 'Lines of the log that were told', () => room.counts().lines)
  metrics.watch(
    'ghost_log_dropped_clients_total',
    'Clients dropped because they did not read',
    () => room.counts().dropped,
  )

  let closing: Promise<void> | undefined
  const described: Described[] = []
  const { strangerMs } = timing
  const app = await newServer({ access, clients, log, jsonBytes: config.jsonBytes, strangerMs, certificate })
  app.addHook('onRoute', ({ method, url, config: { door, doc } = {} }) => {
    if (!doc) return
    for (const one of [method].flat()) described.push({ method: one, url, guarded: door !== 'open', doc })
  })
  const operate = operations({
    agent,
    embedded: { agent: embedded.agent, voice: voiceUrl === undefined && voiceServer !== undefined },
    voiceServer,
    store,
    metrics,
    logState: () =>
      followed
        ? { state: followed.state, ...(followed.detail !== undefined && { detail: followed.detail }) }
        : { state: 'off' },
    certificate: () => certificate?.standing(),
    closing: () => closing !== undefined,
    described: () => described,
  })
  routes(app, {
    store,
    tasks,
    agent,
    voiceServer,
    metrics,
    pace: { stallMs: timing.stallMs, pulses: new Pulses(timing.pulseMs) },
    uploadBytes: config.uploadBytes,
    page: page(key, access),
    operations: operate,
    closing: () => closing !== undefined,
  })
  app.server.on('upgrade', upgrade(access, clients, room))
  strangers.watch(app.server)
  await app.listen({ host: config.host, port: config.port })
  const { port } = app.server.address() as AddressInfo
  void certificate?.watch(timing.renewalMs, stopped.signal, (options) =>
    (app.server as Listener).setSecureContext?.(options),
  )
  const anywhere = ['0.0.0.0', '::'].includes(config.host)

  async function shutDown(): Promise<void> {
    app.server.close()
    await tasks.idle(timing.drainMs)
    await tasks.interrupt('the gateway stopped while the answer ran')
    room.close()
    stopped.abort()
    await Promise.race([app.close(), new Promise((resolve) => setTimeout(resolve, FAREWELL_MS))])
    app.server.closeAllConnections()
    stopSweeping()
    await Promise.all([
      agent.close(),
      voiceUpstream?.then(
        (it) => it.close(),
        () => {},
      ),
      store.close(),
    ])
  }

  return {
    url: `${config.tls ? 'https' : 'http'}://${anywhere ? '127.0.0.1' : config.host}:${port}`,
    port,
    readiness: operate.readiness,
    close: () => {
      closing ??= shutDown()
      return closing
    },
  }
}

const openVoice = (url: string) =>
  new Upstream({ name: 'voice', url, connectMs: VOICE_CONNECT_MS, silenceMs: VOICE_SILENCE_MS })

const notStarted = (cause: unknown) => {
  throw new Fault('voice_unreachable', 'the voice server did not start; the log says why', { cause })
}

/** The one place that names a store. */
async function openStore(config: Config, say: (line: string) => void): Promise<StreamStore> {
  const { store, dataDir, limits, fsync } = config
  if (store === 'memory') return new MemoryStore(limits)
  if (store === 'disk') return DiskStore.open({ dir: join(dataDir, 'streams'), limits, fsync, say })
  const { RedisStore } = await import('./store/redis.ts')
  return RedisStore.open({ url: store, prefix: config.redisPrefix, limits, say })
}
