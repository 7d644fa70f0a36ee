import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startAgent } from '../rig/agent.ts'
import { DONE, delta, hello, sse, stop } from '../rig/answers.ts'
import { failure, says, words } from '../rig/events.ts'
import { FORM } from '../rig/multipart.ts'
import { KEY } from '../rig/rig.ts'
import { freePort, launch, startServer } from '../rig/server.ts'
import type { Upstream } from '../rig/upstream.ts'
import { eventually, gate, within } from '../rig/wait.ts'
import { Wire } from '../rig/wire.ts'
import { ask, newPlace, resume } from './place.ts'

let agent: Upstream
beforeAll(async () => {
  agent = await startAgent()
})
afterAll(() => agent.close())

test('F44: fifty answers that run at SIGTERM end as they should, with an upload that stands still beside them', async () => {
  await using server = await startServer({ GHOST_AGENT_URL: agent.url })
  const end = gate()
  agent.play('POST /api/chat', sse(delta('a'), end, delta('b'), stop(), DONE))
  const streams = await Promise.all(Array.from({ length: 50 }, () => ask(server)))
  for (const stream of streams) await stream.until(says('"a"'))
  const upload = new Wire(server.port)
  await upload.write(
    `POST /api/upload HTTP/1.1\r\nHost: a\r\nX-Ghost-Key: ${KEY}\r\nContent-Type: ${FORM['content-type']}\r\nContent-Length: 1000000\r\n\r\nabc`,
  )
  server.child.kill('SIGTERM')
  end.open()
  for (const stream of streams) expect(words(await stream.rest())).toBe('ab')
  expect((await within('the end', server.exited)).exitCode).toBe(0)
})

test('F44: SIGTERM at any moment of the start ends it, and the next start finds nothing in its way', async () => {
  await using place = await newPlace()
  const env = { GHOST_AGENT_URL: agent.url, GHOST_DATA_DIR: join(place.dir, 'data') }
  for (const ms of [0, 40, 80, 120, 160, 200, 250, 300, 400]) {
    const port = String(await freePort())
    const { child, exited } = launch({
      cwd: place.dir,
      env: { GHOST_API_KEY: KEY, HOST: '127.0.0.1', PORT: port, ...env },
    })
    // How far it has come by then is not known, and must not matter.
    await pause(ms)
    child.kill('SIGTERM')
    const run = await within('the end', exited, 5_000)
    expect(run.exitCode === 0 || run.signal === 'SIGTERM').toBe(true)
    expect(run.stderr).toBe('')
  }
  agent.play('POST /api/chat', hello)
  await using server = await startServer(env)
  expect(words(await (await ask(server)).rest())).toBe('hello')
})

const ENDS: readonly (readonly NodeJS.Signals[])[] = [
  ['SIGTERM', 'SIGKILL'],
  ['SIGTERM', 'SIGTERM', 'SIGKILL'],
  ['SIGHUP'],
  ['SIGQUIT'],
]

test.each(ENDS.map((signals) => ({ name: signals.join(', '), signals })))(
  'F45, F46: what was shown is there after $name, and the answer is interrupted',
  async ({ signals }) => {
    await using place = await newPlace()
    const env = { GHOST_AGENT_URL: agent.url, GHOST_DATA_DIR: join(place.dir, 'data') }
    agent.play('POST /api/chat', sse(delta('shown'), gate(), DONE))
    await using first = await startServer(env)
    const stream = await ask(first)
    await stream.until(says('shown'))
    for (const signal of signals) {
      first.child.kill(signal)
      if (signal === 'SIGTERM')
        await eventually('nobody is let in', () =>
          fetch(`${first.url}/healthz`).then(
            ({ ok }) => !ok,
            () => true,
          ),
        )
    }
    await within('the end', first.exited, 5_000)
    await using second = await startServer(env)
    const items = await (await resume(second, stream.taskId)).rest()
    expect(items[0]).toMatchObject({ id: '0', data: expect.stringContaining('shown') })
    expect(failure(items)?.type).toBe('Interrupted')
  },
)

test('F46: no signal of debuggers, pipes or windows opens anything or ends it', async () => {
  await using server = await startServer({ GHOST_AGENT_URL: agent.url })
  agent.play('POST /api/chat', hello)
  for (const signal of ['SIGUSR1', 'SIGPIPE', 'SIGWINCH', 'SIGCONT', 'SIGURG'] as const) {
    server.child.kill(signal)
    expect(words(await (await ask(server)).rest())).toBe('hello')
  }
  server.child.kill('SIGTERM')
  const { exitCode, stderr } = await within('the end', server.exited)
  // A debugger that opens says so there.
  expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' })
})

test('F47: a second gateway on the same directory ends with one line that says why, and the first goes on', async () => {
  await using place = await newPlace()
  const env = { GHOST_AGENT_URL: agent.url, GHOST_DATA_DIR: join(place.dir, 'data') }
  agent.play('POST /api/chat', hello)
  await using first = await startServer(env)
  const port = String(await freePort())
  const second = launch({
    cwd: place.dir,
    env: { GHOST_API_KEY: KEY, HOST: '127.0.0.1', PORT: port, ...env },
  })
  const { exitCode, stdout, stderr } = await within('the end', second.exited)
  expect(exitCode).toBe(1)
  expect((stdout + stderr).trim().split('\n')).toEqual([
    expect.stringMatching(
      new RegExp(`another gateway \\(process ${first.child.pid}\\) uses the data directory`),
    ),
  ])
  expect(words(await (await ask(first)).rest())).toBe('hello')
})

test('F49: a gateway that stands still for three seconds in the middle of an answer goes on as if nothing had been', async () => {
  await using server = await startServer({ GHOST_AGENT_URL: agent.url })
  const [go, said] = [gate(), gate()]
  agent.play(
    'POST /api/chat',
    sse(delta('a'), go, delta('b'), () => said.open(), stop(), DONE),
  )
  const stream = await ask(server)
  await stream.until(says('"a"'))
  server.child.kill('SIGSTOP')
  go.open()
  await said.opened
  await pause(3_000)
  server.child.kill('SIGCONT')
  expect(words(await stream.rest())).toBe('ab')
  expect(failure(stream.items)).toBeUndefined()
})
