import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseEnv } from 'node:util'
import { z } from 'zod'
import type { StoreLimits } from './store/store.ts'

const count = z
  .string()
  .regex(/^\d{1,15}$/, 'must be a whole number')
  .transform(Number)
  .refine((n) => n > 0, 'must be more than zero')
const seconds = z
  .string()
  .regex(/^\d{1,9}(\.\d{1,3})?$/, 'must be a number of seconds')
  .transform((text) => Math.round(Number(text) * 1000))
  .refine((ms) => ms > 0, 'must be more than zero')
const port = count.refine((n) => n <= 65_535, 'must be a port, 1 to 65535')
const text = z.string().refine((value) => value.trim() !== '', 'must not be blank')
const key = text.refine(
  (value) => /^[\x21-\x7e]([\x20-\x7e]*[\x21-\x7e])?$/.test(value),
  'must be visible ASCII characters without spaces around them, since it travels in an HTTP header',
)
/** The base of an upstream: its paths are appended, so a query or credentials in it can only be a mistake. */
const base = text.transform((value, context) => {
  const url = URL.canParse(value) ? new URL(value) : undefined
  const wrong = !url
    ? 'must be a URL'
    : !['http:', 'https:'].includes(url.protocol)
      ? 'must begin with http:// or https://'
      : url.username || url.password || url.search || url.hash
        ? 'must have neither credentials nor a query'
        : undefined
  if (wrong || !url) {
    context.addIssue({ code: 'custom', message: wrong ?? 'must be a URL' })
    return z.NEVER
  }
  return url.href.replace(/\/+$/, '')
})

const store = z
  .string()
  .refine(
    (value) =>
      value === 'disk' || value === 'memory' || (/^rediss?:\/\/./.test(value) && URL.canParse(value)),
    'must be disk, memory, or redis://[user:password@]host[:port][/database]',
  )

interface Variable {
  readonly needs: z.ZodType
  readonly fallback?: string
  /** A name of older deployments, read when the name itself is unset. */
  readonly alias?: string
  /** Never printed. */
  readonly secret?: boolean
  readonly meaning: string
}
const variable = <const T extends Variable>(it: T): T => it

/** Every variable with its default, its bounds and its meaning. The README's table is held equal to this one by a test. */
export const VARIABLES = {
  GHOST_API_KEY: variable({ needs: key, secret: true, meaning: 'shared secret of page, API and agent' }),
  HOST: variable({ needs: text, fallback: '0.0.0.0', meaning: 'address to listen on' }),
  PORT: variable({ needs: port, fallback: '8080', meaning: 'port to listen on' }),
  GHOST_AGENT_URL: variable({
    needs: base.optional(),
    meaning: 'base URL of the agent; unset: the embedded agent is started',
  }),
  GHOST_VOICE_URL: variable({
    needs: base.optional(),
    alias: 'PI_VOICE_URL',
    meaning: 'base URL of the voice server; unset: voice is off',
  }),
  GHOST_AGENT_LOG: variable({
    needs: text.optional(),
    meaning: "file to follow; unset: the embedded agent's log",
  }),
  GHOST_DATA_DIR: variable({
    needs: text,
    fallback: './data',
    meaning: 'everything the gateway and the embedded agent write',
  }),
  GHOST_STORE: variable({
    needs: store,
    fallback: 'disk',
    meaning:
      'where streams are kept: `disk`, `memory` (lost with the process), or `redis://…` (shared by many gateways)',
  }),
  GHOST_REDIS_PREFIX: variable({
    needs: text,
    fallback: 'ghost:',
    meaning: 'how every key in Redis begins',
  }),
  GHOST_FSYNC: variable({
    needs: z.enum(['1s', 'end', 'off'], 'must be 1s, end or off'),
    fallback: '1s',
    meaning: 'when the disk store syncs: every second and at each end, at each end, or never',
  }),
  GHOST_INTERFACE_STREAM_CAP: variable({
    needs: count,
    fallback: '50000000',
    meaning: 'bytes buffered per task',
  }),
  GHOST_INTERFACE_TOTAL_STREAM_CAP: variable({
    needs: count,
    fallback: '200000000',
    meaning: 'bytes buffered over all tasks of one process',
  }),
  GHOST_TASK_TTL: variable({
    needs: seconds,
    fallback: '600',
    meaning: 'seconds a finished task stays readable',
  }),
  GHOST_TASK_LIMIT: variable({ needs: count, fallback: '200', meaning: 'most tasks held at once' }),
  GHOST_CHAT_TIMEOUT: variable({
    needs: seconds,
    fallback: '1800',
    meaning: 'seconds without a byte from the agent',
  }),
  GHOST_CHAT_CONNECT_TIMEOUT: variable({
    needs: seconds,
    fallback: '10',
    meaning: 'seconds to connect to the agent',
  }),
  GHOST_MAX_UPLOAD_BYTES: variable({
    needs: count,
    fallback: '104857600',
    meaning: 'largest upload or workspace archive, envelope included',
  }),
  GHOST_MAX_JSON_BYTES: variable({ needs: count, fallback: '10485760', meaning: 'largest JSON body' }),
  GHOST_LLM_URL: variable({
    needs: base.optional(),
    meaning: 'OpenAI-compatible base URL for the embedded agent; unset: it is an offline demo',
  }),
  GHOST_LLM_MODEL: variable({ needs: text.optional(), meaning: 'model the embedded agent asks for' }),
  GHOST_LLM_KEY: variable({
    needs: key.optional(),
    secret: true,
    meaning: 'bearer key for GHOST_LLM_URL',
  }),
  GHOST_LOG_LEVEL: variable({
    needs: z.enum(['debug', 'info', 'warn', 'error', 'silent'], 'must be debug, info, warn, error or silent'),
    fallback: 'info',
    meaning: "how much of the gateway's own log is printed",
  }),
} as const

/** Times that the protocol fixes. Arguments all the same, so that a test need not wait for them. */
export interface Timing {
  /** Silence after which a reader gets `: ping`. */
  readonly pulseMs: number
  /** How long a reader may take nothing before it is closed. */
  readonly stallMs: number
  /** What running streams get at shutdown. */
  readonly drainMs: number
  /** How often the janitor sweeps. */
  readonly sweepMs: number
}
export const TIMING: Timing = { pulseMs: 15_000, stallMs: 60_000, drainMs: 10_000, sweepMs: 1_000 }

export interface Config {
  readonly key: string
  readonly host: string
  readonly port: number
  readonly agentUrl: string | undefined
  readonly voiceUrl: string | undefined
  readonly agentLog: string | undefined
  readonly dataDir: string
  /** `disk`, `memory`, or the address of a Redis, which may have a password in it. */
  readonly store: string
  readonly redisPrefix: string
  readonly fsync: '1s' | 'end' | 'off'
  readonly limits: StoreLimits
  readonly chat: { readonly timeoutMs: number; readonly connectMs: number }
  readonly uploadBytes: number
  readonly jsonBytes: number
  readonly llm: { readonly url: string; readonly model: string; readonly key: string | undefined } | undefined
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

/**
 * The whole configuration, or every mistake in it at once.
 * @throws ConfigError
 */
export function parseConfig(env: NodeJS.ProcessEnv, cwd = process.cwd()): Config {
  const mistakes: string[] = []
  const values = new Map<string, unknown>()
  for (const [name, it] of Object.entries<Variable>(VARIABLES)) {
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
  if (env.GHOST_LLM_URL && !env.GHOST_LLM_MODEL)
    mistakes.push('GHOST_LLM_MODEL is not set: GHOST_LLM_URL needs the name of a model')
  if (mistakes.length > 0) throw new ConfigError(mistakes.join('; '))

  type Name = keyof typeof VARIABLES
  const get = <N extends Name>(name: N) => values.get(name) as z.output<(typeof VARIABLES)[N]['needs']>
  const llmUrl = get('GHOST_LLM_URL')
  return {
    key: get('GHOST_API_KEY'),
    host: get('HOST'),
    port: get('PORT'),
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
    chat: { timeoutMs: get('GHOST_CHAT_TIMEOUT'), connectMs: get('GHOST_CHAT_CONNECT_TIMEOUT') },
    uploadBytes: get('GHOST_MAX_UPLOAD_BYTES'),
    jsonBytes: get('GHOST_MAX_JSON_BYTES'),
    llm: llmUrl ? { url: llmUrl, model: get('GHOST_LLM_MODEL') ?? '', key: get('GHOST_LLM_KEY') } : undefined,
    logLevel: get('GHOST_LOG_LEVEL'),
    timing: TIMING,
  }
}
