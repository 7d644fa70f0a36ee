import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ConfigError, parseConfig, readEnvironment } from '../../src/gateway/config.ts'

const GHOST_API_KEY = 'a-key-for-this-test'

const mistake = (env: Record<string, string>): string => {
  try {
    parseConfig(env, '/nowhere')
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
  throw new Error(`taken as it is: ${JSON.stringify(env)}`)
}

test('defaults are those of the protocol', () => {
  const config = parseConfig({ GHOST_API_KEY }, '/srv/ghost')
  expect(config).toMatchObject({
    key: GHOST_API_KEY,
    host: '0.0.0.0',
    port: 8080,
    agentUrl: undefined,
    voiceUrl: undefined,
    dataDir: '/srv/ghost/data',
    limits: { taskBytes: 50_000_000, totalBytes: 200_000_000, tasks: 200, ttlMs: 600_000 },
    chat: { timeoutMs: 1_800_000, connectMs: 10_000 },
    uploadBytes: 104_857_600,
    jsonBytes: 10_485_760,
  })
  expect(config.timing).toMatchObject({ pulseMs: 15_000, stallMs: 60_000, drainMs: 10_000 })
})

test.each(['', ' ', '\t \n'])(
  'a key of %j is refused, since everything would be refused with it',
  (blank) => {
    expect(mistake({ GHOST_API_KEY: blank })).toContain('GHOST_API_KEY')
  },
)

test('A6: a missing key is refused and the message says which variable holds it', () => {
  expect(mistake({})).toContain('GHOST_API_KEY')
})

test.each(['ключ', 'kéy', 'a\nb', ' padded', 'padded '])(
  'a key that cannot be a header, %j, is refused',
  (key) => {
    const message = mistake({ GHOST_API_KEY: key })
    expect(message).toContain('GHOST_API_KEY')
    expect(message).not.toContain(key)
  },
)

const NUMBERS = [
  'PORT',
  'GHOST_INTERFACE_STREAM_CAP',
  'GHOST_INTERFACE_TOTAL_STREAM_CAP',
  'GHOST_TASK_TTL',
  'GHOST_TASK_LIMIT',
  'GHOST_CHAT_TIMEOUT',
  'GHOST_CHAT_CONNECT_TIMEOUT',
  'GHOST_MAX_UPLOAD_BYTES',
  'GHOST_MAX_JSON_BYTES',
]
const WRONG = ['0', '-1', '-0', 'ten', '', ' ', '10MB', '1e3', '0x10', '+5', 'NaN', 'Infinity', '1_000', '٣']

test.each(NUMBERS.flatMap((name) => WRONG.map((value) => [name, value] as const)))(
  '%s=%j is an error that names the variable and the value',
  (name, value) => {
    const message = mistake({ GHOST_API_KEY, [name]: value })
    expect(message).toContain(name)
    expect(message).toContain(value)
  },
)

test.each(NUMBERS)('%s takes a positive number', (name) => {
  expect(() => parseConfig({ GHOST_API_KEY, [name]: '7' }, '/')).not.toThrow()
})

test.each([
  ['PORT', '65536'],
  ['GHOST_AGENT_URL', 'agent:9000/'],
  ['GHOST_AGENT_URL', 'ftp://agent/'],
  ['GHOST_AGENT_URL', 'file:///etc/passwd'],
  ['GHOST_AGENT_URL', 'not a url'],
  ['GHOST_AGENT_URL', ''],
  ['GHOST_AGENT_URL', 'http://user:secret@agent/'],
  ['GHOST_AGENT_URL', 'http://agent/?a=b'],
  ['GHOST_VOICE_URL', 'voice'],
  ['PI_VOICE_URL', 'voice'],
  ['GHOST_STORE', 'cloud'],
  ['GHOST_DATA_DIR', ' '],
  ['HOST', ''],
])('A102: %s=%j is an error that names the variable', (name, value) => {
  expect(mistake({ GHOST_API_KEY, [name]: value })).toContain(name)
})

test('all mistakes are told at once, each with its name and value', () => {
  const message = mistake({ GHOST_API_KEY: ' ', PORT: 'many', GHOST_TASK_TTL: '-3', GHOST_AGENT_URL: 'nope' })
  for (const part of ['GHOST_API_KEY', 'PORT', 'many', 'GHOST_TASK_TTL', '-3', 'GHOST_AGENT_URL', 'nope'])
    expect(message).toContain(part)
  expect(message).not.toContain('\n')
})

test('the old name of the voice server is read when the new one is unset', () => {
  const pi = 'http://raspberry:5000'
  expect(parseConfig({ GHOST_API_KEY, PI_VOICE_URL: pi }, '/').voiceUrl).toBe(pi)
  const both = parseConfig({ GHOST_API_KEY, PI_VOICE_URL: pi, GHOST_VOICE_URL: 'http://voice:1' }, '/')
  expect(both.voiceUrl).toBe('http://voice:1')
})

test('a .env file in the working directory is read, and the environment wins over it', async () => {
  const cwd = await mkdtemp(join(tmpdir(), 'ghost-env-'))
  try {
    await writeFile(join(cwd, '.env'), '# a comment\nGHOST_API_KEY="from the file"\nPORT=9\n')
    const config = parseConfig(readEnvironment({ PORT: '10' }, cwd), cwd)
    expect(config).toMatchObject({ key: 'from the file', port: 10 })
  } finally {
    await rm(cwd, { recursive: true })
  }
})
