import { expect, test } from 'vitest'
import { startAgent } from '../rig/agent.ts'
import { DONE, delta, sse } from '../rig/answers.ts'
import { EventReader, failure, says } from '../rig/events.ts'
import { KEY, startRig } from '../rig/rig.ts'
import { startServer } from '../rig/server.ts'
import { gate, within } from '../rig/wait.ts'

/** Something in the process that acts when it is told to. */
const inside = (script: string) => ({
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(`process.on('SIGUSR2',()=>{${script}})`)}`,
})

test('A17, A112: once it has started, no secret is in its environment', async () => {
  const secrets = { GHOST_LLM_KEY: 'llm-1234', GHOST_TTS_KEY: 'tts-1234', GHOST_STT_KEY: 'stt-1234' }
  await using server = await startServer({
    ...secrets,
    ...inside('console.log(JSON.stringify(process.env));process.kill(process.pid,"SIGTERM")'),
    GHOST_STORE: 'memory',
    GHOST_TTS_ENGINE: 'off',
    GHOST_STT_ENGINE: 'off',
  })
  server.child.kill('SIGUSR2')
  const { stdout } = await within('the end', server.exited)
  const [line = ''] = stdout.split('\n').filter((it) => it.startsWith('{"'))
  expect(line).toContain('GHOST_TTS_ENGINE')
  for (const secret of [KEY, ...Object.values(secrets), 'GHOST_STORE']) expect(line).not.toContain(secret)
})

test('a fault that nobody caught interrupts what runs, tells its readers, and ends the process with 1', async () => {
  const agent = await startAgent()
  agent.play('POST /api/chat', sse(delta('a'), gate(), DONE))
  await using server = await startServer({
    GHOST_AGENT_URL: agent.url,
    GHOST_VOICE_URL: agent.url,
    ...inside('throw new Error("nobody caught this")'),
  })
  const response = await server.fetch('/api/chat', { method: 'POST', body: '{"messages":[],"stream":true}' })
  if (!response.body) throw new Error('no body')
  const stream = new EventReader(response.body)
  await stream.until(says('"a"'))
  server.child.kill('SIGUSR2')
  expect(failure(await stream.rest())).toMatchObject({ type: 'Interrupted' })
  const { exitCode, stderr } = await within('the end', server.exited)
  expect(exitCode).toBe(1)
  expect(stderr).toMatch(/^a fault that nobody caught, stopping: Error: nobody caught this/)
  await agent.close()
})

test('A44: whoever sends a head a byte at a time is told after 20 s that it was too slow, and others are served', async () => {
  await using rig = await startRig()
  const slow = Array.from({ length: 50 }, () => rig.wire())
  const sending = setInterval(() => {
    for (const wire of slow) void wire.write('x')
  }, 500)
  await Promise.all(slow.map((wire) => wire.write('GET /healthz HTTP/1.1\r\nHost: a\r\nX-Slow: ')))
  expect((await rig.stranger('/healthz')).status).toBe(200)
  const answers = await Promise.all(
    slow.map((wire) => within('the end of a slow head', wire.over, 40_000).then(() => String(wire.heard))),
  )
  clearInterval(sending)
  for (const answer of answers) expect(answer).toMatch(/^HTTP\/1\.1 408 [\s\S]*request_timeout/)
})

test('A46: a refused upgrade has the headers of every answer', async () => {
  await using rig = await startRig()
  const wire = rig.wire()
  await wire.write('GET /ws HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
  const answer = await wire.answer()
  expect(answer.status).toBe(401)
  expect(answer.header('x-content-type-options')).toBe('nosniff')
  expect(answer.header('referrer-policy')).toBe('no-referrer')
  expect(answer.header('cache-control')).toBe('no-store')
})
