import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startAgent } from '../rig/agent.ts'
import { DONE, delta, sse, stop } from '../rig/answers.ts'
import { EventReader, failure, says, words } from '../rig/events.ts'
import { KEY } from '../rig/rig.ts'
import { freePort, launch, type Server, startServer } from '../rig/server.ts'
import type { Upstream } from '../rig/upstream.ts'
import { eventually, gate, within } from '../rig/wait.ts'
import { Wire } from '../rig/wire.ts'

let cwd = ''
let agent: Upstream
beforeAll(async () => {
  cwd = await mkdtemp(join(tmpdir(), 'ghost-process-'))
  agent = await startAgent()
})
afterAll(async () => {
  await agent.close()
  await rm(cwd, { recursive: true })
})

const fails = async (env: Record<string, string>) => {
  const port = await freePort()
  const { exited } = launch({ cwd, env: { HOST: '127.0.0.1', PORT: String(port), ...env } })
  const run = await within('the end of a start that must fail', exited, 15_000)
  return { ...run, said: (run.stderr + run.stdout).trim() }
}

const chat = async (server: Server) => {
  const response = await server.fetch('/api/chat', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"messages":[],"stream":true}',
  })
  if (!response.body) throw new Error('no body')
  return new EventReader(response.body)
}

test.each([
  ['missing', {}],
  ['empty', { GHOST_API_KEY: '' }],
  ['blank', { GHOST_API_KEY: '  ' }],
])('A6: when the key is %s the process says so in one line and exits with 1', async (_how, env) => {
  const { exitCode, said } = await fails(env)
  expect(exitCode).toBe(1)
  expect(said).toContain('GHOST_API_KEY')
  expect(said.split('\n')).toHaveLength(1)
})

test('A6: every mistake of the environment is told at once, in one line, without a secret', async () => {
  const secret = 'ключ-secret'
  const { exitCode, said } = await fails({
    GHOST_API_KEY: secret,
    GHOST_TASK_TTL: 'soon',
    GHOST_TASK_LIMIT: '0',
  })
  expect(exitCode).toBe(1)
  for (const part of ['GHOST_API_KEY', 'GHOST_TASK_TTL', 'soon', 'GHOST_TASK_LIMIT', '0'])
    expect(said).toContain(part)
  expect(said).not.toContain(secret)
  expect(said.split('\n')).toHaveLength(1)
  expect(said).not.toContain('    at ')
})

test('F47: a port that is taken is told, and the process ends', async () => {
  const taken = createServer()
  await new Promise<void>((listening) => taken.listen(0, '127.0.0.1', listening))
  const { port } = taken.address() as AddressInfo
  const env = { GHOST_API_KEY: KEY, GHOST_AGENT_URL: agent.url, PORT: String(port), HOST: '127.0.0.1' }
  const { exited } = launch({ cwd, env })
  const { exitCode, stdout, stderr } = await within('the end', exited, 15_000)
  expect(exitCode).toBe(1)
  expect(stderr + stdout).toContain(String(port))
  expect(stderr + stdout).not.toContain('    at ')
  taken.close()
})

test('a .env file in the working directory is enough to start', async () => {
  const port = await freePort()
  await writeFile(
    join(cwd, '.env'),
    `GHOST_API_KEY=from-the-file\nHOST=127.0.0.1\nPORT=${port}\nGHOST_AGENT_URL=${agent.url}\n`,
  )
  const { child, exited } = launch({ cwd, env: {} })
  const tasks = `http://127.0.0.1:${port}/api/chat/tasks`
  const response = await eventually(
    'an answer',
    () => fetch(tasks, { headers: { 'x-ghost-key': 'from-the-file' } }).catch(() => undefined),
    15_000,
  )
  expect(response.status).toBe(200)
  child.kill('SIGTERM')
  expect((await within('the end', exited)).exitCode).toBe(0)
  await rm(join(cwd, '.env'))
})

test.each(['SIGTERM', 'SIGINT'] as const)('F44: %s ends an idle process with 0', async (signal) => {
  await using server = await startServer({ GHOST_AGENT_URL: agent.url })
  server.child.kill(signal)
  expect(await within('the end', server.exited, 5_000)).toMatchObject({ exitCode: 0, signal: null })
})

test('F44: an answer that ends while the process stops is whole, and the process ends with 0 right after it', async () => {
  await using server = await startServer({ GHOST_AGENT_URL: agent.url })
  const end = gate()
  agent.play('POST /api/chat', sse(delta('a'), end, delta('b'), stop(), DONE))
  const stream = await chat(server)
  await stream.until(says('"a"'))
  server.child.kill('SIGTERM')
  await eventually('nobody is let in', () =>
    fetch(`${server.url}/healthz`).then(
      ({ ok }) => !ok,
      () => true,
    ),
  )
  end.open()
  expect(words(await stream.rest())).toBe('ab')
  expect((await within('the end', server.exited, 5_000)).exitCode).toBe(0)
})

test('F44, F45: an answer that does not end is interrupted after 10 s, and the process still ends with 0', {
  timeout: 40_000,
}, async () => {
  await using server = await startServer({ GHOST_AGENT_URL: agent.url })
  agent.play('POST /api/chat', sse(delta('a'), gate(), DONE))
  const stream = await chat(server)
  await stream.until(says('"a"'))
  const asked = performance.now()
  for (const signal of ['SIGTERM', 'SIGTERM', 'SIGINT'] as const) server.child.kill(signal)
  const items = await stream.rest(20_000)
  expect(performance.now() - asked).toBeGreaterThan(9_000)
  expect(failure(items)?.type).toBe('Interrupted')
  expect((await within('the end', server.exited, 5_000)).exitCode).toBe(0)
})

test('A17: the key is never printed, whatever is asked and however much is said', async () => {
  await using server = await startServer({ GHOST_AGENT_URL: agent.url, GHOST_LOG_LEVEL: 'debug' })
  await server.fetch('/api/chat/tasks')
  await server.fetch(`/?key=${KEY}`)
  await server.fetch(`/nowhere?key=${KEY}&%6bey=${KEY}`)
  await server.fetch(`/ws?key=${KEY}`)
  await server.fetch(`/api/download/${KEY}`)
  await server.fetch('/api/chat', { method: 'POST', body: `{"messages":"${KEY}"` })
  await server.fetch('/api/chat/tasks', { headers: { 'x-ghost-key': `${KEY}x` } })
  server.child.kill('SIGTERM')
  const { stdout, stderr } = await within('the end', server.exited, 5_000)
  for (const said of [stdout, stderr]) expect(said.replaceAll(`/api/download/${KEY}`, '')).not.toContain(KEY)
})

test('F46: a process whose output nobody reads any more goes on', async () => {
  await using server = await startServer({ GHOST_AGENT_URL: agent.url, GHOST_LOG_LEVEL: 'debug' })
  server.child.stdout?.destroy()
  server.child.stderr?.destroy()
  for (let n = 0; n < 50; n += 1) await (await server.fetch('/api/chat/tasks')).text()
  expect((await server.fetch('/healthz')).status).toBe(200)
  expect(server.child.exitCode).toBeNull()
})

test('F36: a process that runs out of sockets lives, and serves again when some are free', async () => {
  await using server = await startServer({ GHOST_AGENT_URL: agent.url }, { openFiles: 64 })
  const wires = Array.from({ length: 150 }, () => new Wire(server.port))
  for (const wire of wires) void wire.write('GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n')
  await eventually('some are answered', () => wires.some((wire) => wire.heard.includes('"ok"')))
  for (const wire of wires) wire.reset()
  await eventually('it serves again', () =>
    server.fetch('/api/chat/tasks').then(
      ({ ok }) => ok,
      () => false,
    ),
  )
  expect(server.child.exitCode).toBeNull()
})

test('of three cold starts the best takes less than 3 s to its first answer', async () => {
  const times: number[] = []
  for (let n = 0; n < 3; n += 1) {
    const begun = performance.now()
    await using server = await startServer({ GHOST_AGENT_URL: agent.url })
    times.push(performance.now() - begun)
    server.child.kill('SIGTERM')
    await once(server.child, 'exit')
  }
  expect(Math.min(...times)).toBeLessThan(3_000)
})
