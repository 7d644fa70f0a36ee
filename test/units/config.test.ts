import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { type Config, ConfigError, parseConfig, readEnvironment } from '../../src/gateway/config.ts'
import { VARIABLES } from '../../src/gateway/variables.ts'

const KEY = 'a-good-key'
const config = (env: NodeJS.ProcessEnv = {}) => parseConfig({ GHOST_API_KEY: KEY, ...env }, '/somewhere')

/** What is said of an environment that is wrong. */
function mistake(env: NodeJS.ProcessEnv): string {
  try {
    parseConfig(env, '/somewhere')
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError)
    return (error as ConfigError).message
  }
  throw new Error(`nothing was wrong with ${JSON.stringify(env)}`)
}
const mistakeOf = (name: string, value: string) => mistake({ GHOST_API_KEY: KEY, [name]: value })

type Reading = readonly [name: string, value: string, read: (config: Config) => unknown, found: unknown]

describe('without anything but a key', () => {
  test('everything has the value that the protocol names', () => {
    expect(config()).toMatchObject({
      key: KEY,
      host: '0.0.0.0',
      port: 8080,
      agentUrl: undefined,
      voiceUrl: undefined,
      agentLog: undefined,
      dataDir: '/somewhere/data',
      limits: { taskBytes: 50_000_000, totalBytes: 200_000_000, tasks: 200, ttlMs: 600_000 },
      chat: { timeoutMs: 1_800_000, connectMs: 10_000 },
      uploadBytes: 104_857_600,
      jsonBytes: 10_485_760,
      llm: undefined,
      logLevel: 'info',
      timing: { pulseMs: 15_000, stallMs: 60_000, drainMs: 10_000 },
    })
  })

  test('a finished task is gone at most five seconds after its time', () => {
    expect(config().timing.sweepMs).toBeLessThanOrEqual(5000)
  })
})

const READINGS: readonly Reading[] = [
  ['HOST', '::1', (it) => it.host, '::1'],
  ['PORT', '65535', (it) => it.port, 65_535],
  ['GHOST_AGENT_URL', 'http://agent:1234', (it) => it.agentUrl, 'http://agent:1234'],
  ['GHOST_AGENT_URL', 'https://agent/base//', (it) => it.agentUrl, 'https://agent/base'],
  ['GHOST_VOICE_URL', 'http://pi:5000/', (it) => it.voiceUrl, 'http://pi:5000'],
  ['PI_VOICE_URL', 'http://pi:5000', (it) => it.voiceUrl, 'http://pi:5000'],
  ['GHOST_AGENT_LOG', '/var/log/agent.log', (it) => it.agentLog, '/var/log/agent.log'],
  ['GHOST_DATA_DIR', '/srv/ghost', (it) => it.dataDir, '/srv/ghost'],
  ['GHOST_DATA_DIR', 'below', (it) => it.dataDir, '/somewhere/below'],
  ['GHOST_INTERFACE_STREAM_CAP', '1', (it) => it.limits.taskBytes, 1],
  ['GHOST_INTERFACE_TOTAL_STREAM_CAP', '0012', (it) => it.limits.totalBytes, 12],
  ['GHOST_TASK_TTL', '0.5', (it) => it.limits.ttlMs, 500],
  ['GHOST_TASK_LIMIT', '3', (it) => it.limits.tasks, 3],
  ['GHOST_CHAT_TIMEOUT', '1.25', (it) => it.chat.timeoutMs, 1250],
  ['GHOST_CHAT_CONNECT_TIMEOUT', '2', (it) => it.chat.connectMs, 2000],
  ['GHOST_MAX_UPLOAD_BYTES', '1000', (it) => it.uploadBytes, 1000],
  ['GHOST_MAX_JSON_BYTES', '1000', (it) => it.jsonBytes, 1000],
  ['GHOST_LOG_LEVEL', 'silent', (it) => it.logLevel, 'silent'],
]
test.each(READINGS)('%s=%s is read', (name, value, read, found) => {
  expect(read(config({ [name]: value }))).toBe(found)
})

test('the new name of the voice server goes before the old one', () => {
  const both = { GHOST_VOICE_URL: 'http://new', PI_VOICE_URL: 'http://old' }
  expect(config(both).voiceUrl).toBe('http://new')
})

test('a model is asked at its URL, by its name, with its key if it has one', () => {
  const llm = { GHOST_LLM_URL: 'http://llm/v1/', GHOST_LLM_MODEL: 'm' }
  expect(config(llm).llm).toEqual({ url: 'http://llm/v1', model: 'm', key: undefined })
  expect(config({ ...llm, GHOST_LLM_KEY: 'k' }).llm).toEqual({ url: 'http://llm/v1', model: 'm', key: 'k' })
  expect(mistakeOf('GHOST_LLM_URL', 'http://llm')).toContain('GHOST_LLM_MODEL')
})

const COUNTS = [
  'PORT',
  'GHOST_INTERFACE_STREAM_CAP',
  'GHOST_INTERFACE_TOTAL_STREAM_CAP',
  'GHOST_TASK_LIMIT',
  'GHOST_MAX_UPLOAD_BYTES',
  'GHOST_MAX_JSON_BYTES',
]
const SECONDS = ['GHOST_TASK_TTL', 'GHOST_CHAT_TIMEOUT', 'GHOST_CHAT_CONNECT_TIMEOUT']
const URLS = ['GHOST_AGENT_URL', 'GHOST_VOICE_URL', 'PI_VOICE_URL']
const wrong = (names: readonly string[], ...values: readonly string[]) =>
  names.flatMap((name) => values.map((value) => [name, value] as const))

test.each([
  ...wrong(
    COUNTS,
    '',
    ' ',
    'x',
    '0',
    '-1',
    '1.5',
    '1e3',
    '0x10',
    ' 1',
    '1 ',
    '1k',
    'NaN',
    'Infinity',
    '1'.repeat(16),
  ),
  ...wrong(SECONDS, '', 'x', '0', '0.0', '-1', '1e3', '1.', '.5', '1s', 'Infinity'),
  ...wrong(
    URLS,
    '',
    'x',
    'agent:1',
    'ftp://agent',
    'file:///etc',
    '//agent',
    'http://',
    'http://a?b',
    'http://a#b',
  ),
  ...wrong(['PORT'], '65536', '99999'),
  ...wrong(['HOST', 'GHOST_DATA_DIR', 'GHOST_AGENT_LOG'], '', ' '),
  ...wrong(['GHOST_STORE'], '', 'Memory', 'sqlite', 'http://redis'),
  ...wrong(['GHOST_LOG_LEVEL'], '', 'INFO', 'trace', 'none'),
] as const)('A102: %s=%j is a mistake that is named with its value', (name, value) => {
  expect(mistakeOf(name, value)).toContain(`${name}=${value} must `)
})

test.each(['GHOST_AGENT_URL', 'GHOST_VOICE_URL', 'PI_VOICE_URL', 'GHOST_STORE'])(
  'A102: a login in %s is a mistake that is named without the login',
  (name) => {
    expect(mistakeOf(name, 'http://user:secret@host')).toContain(`${name}=http://host must `)
  },
)

describe('the key', () => {
  test('is mandatory, and what it is for is said', () => {
    expect(mistake({})).toBe('GHOST_API_KEY is not set: shared secret of page, API and agent')
  })

  test.each(['k', 'with space', '!"#$%&\'()~', 'x'.repeat(500)])('may be %s', (key) => {
    expect(config({ GHOST_API_KEY: key }).key).toBe(key)
  })

  test.each(['', ' ', '\t', ' padded', 'padded ', 'new\nline', 'ключ-secret', 'secret\0', 'é-secret'])(
    'may not be %j',
    (key) => {
      expect(mistake({ GHOST_API_KEY: key })).toMatch(/^GHOST_API_KEY must /)
    },
  )
})

test('A6: no secret is ever printed', () => {
  for (const name of ['GHOST_API_KEY', 'GHOST_LLM_KEY']) {
    const said = mistake({ GHOST_API_KEY: KEY, PORT: 'x', [name]: 'sesame-öffne-dich' })
    expect(said).toContain(name)
    expect(said).toContain('PORT=x')
    for (const secret of ['sesame', 'dich', KEY]) expect(said).not.toContain(secret)
  }
})

test('all mistakes are told at once, on one line, in the order of the table', () => {
  const said = mistake({
    PORT: '0',
    GHOST_AGENT_URL: 'x',
    GHOST_TASK_TTL: 'soon',
    GHOST_LLM_URL: 'http://llm',
    GHOST_LOG_LEVEL: 'loud',
  })
  const names = [
    'GHOST_API_KEY',
    'PORT=0',
    'GHOST_AGENT_URL=x',
    'GHOST_TASK_TTL=soon',
    'GHOST_LOG_LEVEL=loud',
    'GHOST_LLM_MODEL',
  ]
  const places = names.map((name) => said.indexOf(name))
  expect(places).not.toContain(-1)
  expect(places).toEqual(places.toSorted((a, b) => a - b))
  expect(said).not.toContain('\n')
})

test('every variable says what it means', () => {
  for (const [name, { meaning }] of Object.entries(VARIABLES)) {
    expect(name).toMatch(/^[A-Z_]+$/)
    expect(meaning).not.toBe('')
  }
})

test('a file .env is read, the environment goes before it, and there need be none', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'ghost-env-'))
  try {
    expect(readEnvironment({ PORT: '1' }, dir)).toEqual({ PORT: '1' })
    await writeFile(join(dir, '.env'), '# a note\nGHOST_API_KEY="from the file"\nPORT=2\n')
    const found = parseConfig(readEnvironment({ PORT: '3' }, dir), dir)
    expect(found).toMatchObject({ key: 'from the file', port: 3 })
  } finally {
    await rm(dir, { recursive: true })
  }
})
