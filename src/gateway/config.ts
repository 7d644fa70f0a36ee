import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import type { z } from 'zod'
import type { ClientLimits } from './clients.ts'
import type { StoreLimits } from './store/store.ts'
import { VARIABLES, type Variable } from './variables.ts'

/** Times that the protocol fixes. Arguments all the same, so that a test need not wait for them. */
export interface Timing {
  /** Silence after which a reader gets `: ping`. */
  readonly pulseMs: number
  /** How long a reader may take nothing before it is closed. */
  readonly stallMs: number
  /** What the body of somebody who has shown no key may take in all. */
  readonly strangerMs: number
  /** What running streams get at shutdown. */
  readonly drainMs: number
  /** How often the janitor sweeps. */
  readonly sweepMs: number
  /** How often it is looked whether the certificate was renewed. */
  readonly renewalMs: number
}
export const TIMING: Timing = {
  pulseMs: 15_000,
  stallMs: 60_000,
  strangerMs: 20_000,
  drainMs: 10_000,
  sweepMs: 1_000,
  renewalMs: 5_000,
}

/** What the voice server speaks and hears with. */
export interface Speech {
  readonly tts: {
    readonly engine: Value<'GHOST_TTS_ENGINE'>
    readonly voice: string | undefined
    readonly speed: number
    readonly url: string | undefined
    readonly model: string
    readonly key: string | undefined
  }
  readonly stt: {
    readonly engine: Value<'GHOST_STT_ENGINE'>
    readonly url: string | undefined
    readonly model: string
    readonly key: string | undefined
  }
}

export interface Config {
  readonly key: string
  readonly host: string
  readonly port: number
  /** The files of the certificate and of its key; without them it speaks plain HTTP. */
  readonly tls: { readonly cert: string; readonly key: string } | undefined
  readonly agentUrl: string | undefined
  readonly voiceUrl: string | undefined
  readonly agentLog: string | undefined
  readonly dataDir: string
  /** `disk`, `memory`, or the address of a Redis, which may have a password in it. */
  readonly store: string
  readonly redisPrefix: string
  readonly fsync: '1s' | 'end' | 'off'
  readonly limits: StoreLimits
  readonly clients: ClientLimits
  readonly chat: { readonly timeoutMs: number; readonly connectMs: number }
  readonly uploadBytes: number
  readonly jsonBytes: number
  readonly llm: { readonly url: string; readonly model: string; readonly key: string | undefined } | undefined
  readonly speech: Speech
  readonly logLevel: 'debug' | 'info' | 'warn' | 'error' | 'silent'
  readonly timing: Timing
}

/** All that is wrong with an environment, each line naming its variable. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
}

/** An address as it may be printed. */
export function withoutLogin(address: string): string {
  return address.replace(/\/\/[^/@]*@/, '//')
}

/** The environment over the directory's `.env`. */
export function readEnvironment(env: NodeJS.ProcessEnv, cwd: string): NodeJS.ProcessEnv {
  const file = join(cwd, '.env')
  return existsSync(file) ? { ...parseEnv(readFileSync(file, 'utf8')), ...env } : env
}

/** What may hold a secret, and is needed no more once it was read. */
export const SECRETS: readonly string[] = [
  ...Object.entries<Variable>(VARIABLES).flatMap(([name, { secret }]) => (secret ? [name] : [])),
  'GHOST_STORE',
]

type Name = keyof typeof VARIABLES
type Value<N extends Name> = z.output<(typeof VARIABLES)[N]['needs']>
type Get = <N extends Name>(name: N) => Value<N>

/** What must be set because of another. */
const TOGETHER: readonly (readonly [
  needed: Name,
  why: string,
  isNeeded: (env: NodeJS.ProcessEnv) => boolean,
])[] = [
  ['GHOST_TLS_KEY', "GHOST_TLS_CERT needs its key's file", (env) => !!env.GHOST_TLS_CERT],
  ['GHOST_TLS_CERT', "GHOST_TLS_KEY needs its certificate's file", (env) => !!env.GHOST_TLS_KEY],
  ['GHOST_LLM_MODEL', 'GHOST_LLM_URL needs the name of a model', (env) => !!env.GHOST_LLM_URL],
  [
    'GHOST_TTS_URL',
    'GHOST_TTS_ENGINE needs the address of a server',
    (env) => env.GHOST_TTS_ENGINE === 'openai',
  ],
  [
    'GHOST_STT_URL',
    'GHOST_STT_ENGINE needs the address of a server',
    (env) => ['openai', 'whisper.cpp'].includes(env.GHOST_STT_ENGINE ?? ''),
  ],
]

/** @throws ConfigError with every mistake in these variables at once */
function readVariables(env: NodeJS.ProcessEnv, isRead: (name: string) => boolean): Get {
  const mistakes: string[] = []
  const values = new Map<string, unknown>()
  for (const [name, it] of Object.entries<Variable>(VARIABLES)) {
    if (!isRead(name)) continue
    const given = [name, it.alias].find((candidate) => candidate && env[candidate] !== undefined)
    const raw = given ? env[given] : it.fallback
    const parsed = it.needs.safeParse(raw)
    if (parsed.success) values.set(name, parsed.data)
    else if (raw === undefined) mistakes.push(`${name} is not set: ${it.meaning}`)
    else
      mistakes.push(
        `${given ?? name}${it.secret ? '' : `=${withoutLogin(raw)}`} ${parsed.error.issues[0]?.message}`,
      )
  }
  for (const [needed, why, isNeeded] of TOGETHER)
    if (isRead(needed) && isNeeded(env) && !env[needed]) mistakes.push(`${needed} is not set: ${why}`)
  if (mistakes.length > 0) throw new ConfigError(mistakes.join('; '))
  return <N extends Name>(name: N) => values.get(name) as Value<N>
}

/**
 * The whole configuration, or every mistake in it at once.
 * @throws ConfigError
 */
export function parseConfig(env: NodeJS.ProcessEnv, cwd = process.cwd()): Config {
  const get = readVariables(env, () => true)
  const llmUrl = get('GHOST_LLM_URL')
  const [cert, tlsKey] = [get('GHOST_TLS_CERT'), get('GHOST_TLS_KEY')]
  return {
    key: get('GHOST_API_KEY'),
    host: get('HOST'),
    port: get('PORT'),
    tls: cert && tlsKey ? { cert: resolve(cwd, cert), key: resolve(cwd, tlsKey) } : undefined,
    agentUrl: get('GHOST_AGENT_URL'),
    voiceUrl: get('GHOST_VOICE_URL'),
    agentLog: get('GHOST_AGENT_LOG'),
    dataDir: resolve(cwd, get('GHOST_DATA_DIR')),
    store: get('GHOST_STORE'),
    redisPrefix: get('GHOST_REDIS_PREFIX'),
    fsync: get('GHOST_FSYNC'),
    limits: {
      taskBytes: get('GHOST_INTERFACE_STREAM_CAP'),
      totalBytes: get('GHOST_INTERFACE_TOTAL_STREAM_CAP'),
      tasks: get('GHOST_TASK_LIMIT'),
      ttlMs: get('GHOST_TASK_TTL'),
    },
    clients: {
      streams: get('GHOST_CLIENT_STREAMS'),
      uploads: get('GHOST_CLIENT_UPLOADS'),
      sockets: get('GHOST_CLIENT_SOCKETS'),
      requests: get('GHOST_CLIENT_REQUESTS'),
    },
    chat: { timeoutMs: get('GHOST_CHAT_TIMEOUT'), connectMs: get('GHOST_CHAT_CONNECT_TIMEOUT') },
    uploadBytes: get('GHOST_MAX_UPLOAD_BYTES'),
    jsonBytes: get('GHOST_MAX_JSON_BYTES'),
    llm: llmUrl ? { url: llmUrl, model: get('GHOST_LLM_MODEL') ?? '', key: get('GHOST_LLM_KEY') } : undefined,
    speech: speechOf(get),
    logLevel: get('GHOST_LOG_LEVEL'),
    timing: TIMING,
  }
}

/**
 * What a voice server that runs alone needs to know.
 * @throws ConfigError
 */
export function parseVoice(env: NodeJS.ProcessEnv): Speech & Pick<Config, 'host' | 'port'> {
  const get = readVariables(env, (name) => /^(HOST|PORT|GHOST_(TTS|STT)_.*)$/.test(name))
  return { host: get('HOST'), port: get('PORT'), ...speechOf(get) }
}

const speechOf = (get: Get): Speech => ({
  tts: {
    engine: get('GHOST_TTS_ENGINE'),
    voice: get('GHOST_TTS_VOICE'),
    speed: get('GHOST_TTS_SPEED'),
    url: get('GHOST_TTS_URL'),
    model: get('GHOST_TTS_MODEL'),
    key: get('GHOST_TTS_KEY'),
  },
  stt: {
    engine: get('GHOST_STT_ENGINE'),
    url: get('GHOST_STT_URL'),
    model: get('GHOST_STT_MODEL'),
    key: get('GHOST_STT_KEY'),
  },
})
