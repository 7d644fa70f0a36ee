import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { TaskView } from '../../src/protocol.ts'
import { startAgent } from '../rig/agent.ts'
import { DONE, delta, hello, sse, stop } from '../rig/answers.ts'
import { failure, says, words } from '../rig/events.ts'
import { KEY } from '../rig/rig.ts'
import { startServer } from '../rig/server.ts'
import type { Upstream } from '../rig/upstream.ts'
import { eventually, gate } from '../rig/wait.ts'
import { Wire } from '../rig/wire.ts'
import { ALL, ask, computed, descriptors, newPlace, resume } from './place.ts'

let agent: Upstream
beforeAll(async () => {
  agent = await startAgent()
})
afterAll(() => agent.close())

test('F24: a thousand readers that reset their connections leave no descriptor open, and the answer goes on', async () => {
  await using server = await startServer({ GHOST_AGENT_URL: agent.url })
  const end = gate()
  agent.play('POST /api/chat', sse(delta('a'), end, delta('b'), stop(), DONE))
  const stream = await ask(server)
  await stream.until(says('"a"'))
  const before = await descriptors(server)
  for (let round = 0; round < 20; round += 1) {
    const wires = Array.from({ length: 50 }, () => new Wire(server.port))
    await Promise.all(
      wires.map(async (wire) => {
        await wire.write(
          `GET /api/chat/resume/${stream.taskId} HTTP/1.1\r\nHost: a\r\nX-Ghost-Key: ${KEY}\r\n\r\n`,
        )
        await wire.until('id: 0')
        wire.reset()
      }),
    )
  }
  await eventually('all of them are closed', async () => (await descriptors(server)) <= before + 1)
  end.open()
  expect(words(await stream.rest())).toBe('ab')
})

test('F36: a process without descriptors computes nothing while it waits for some', async () => {
  await using server = await startServer({ GHOST_AGENT_URL: agent.url }, { openFiles: 64 })
  agent.play('POST /api/chat', hello)
  const wires = Array.from({ length: 150 }, () => new Wire(server.port))
  for (const wire of wires) void wire.write('GET /healthz HTTP/1.1\r\nHost: a\r\n')
  await eventually('none is left', async () => (await descriptors(server)) >= 63)
  const before = await computed(server)
  await pause(1_000)
  expect((await computed(server)) - before).toBeLessThan(300)
  for (const wire of wires) wire.reset()
  const again = await eventually('it serves again', () => ask(server).catch(() => undefined))
  expect(words(await again.rest())).toBe('hello')
})

const [COUNT, MEGABYTES, STRANGERS] = ALL ? [200, 20, 100_000] : [200, 1, 20_000]

test(`F43: with ${COUNT} answers of ${MEGABYTES} MB and ${STRANGERS} strange files the gateway is there in seconds, with all of them`, {
  timeout: 600_000,
}, async () => {
  await using place = await newPlace()
  const env = { GHOST_AGENT_URL: agent.url, GHOST_DATA_DIR: join(place.dir, 'data') }
  const piece = Buffer.from(`data: ${'x'.repeat(99_992)}\n\n`)
  agent.play('POST /api/chat', sse(...Array<Buffer>(MEGABYTES * 10).fill(piece), DONE))
  const ids: string[] = []
  {
    await using first = await startServer(env)
    for (let n = 0; n < COUNT; n += 1) {
      const stream = await ask(first)
      await stream.bytes(60_000)
      ids.push(stream.taskId)
    }
  }
  await mkdir(join(place.dir, 'data', 'streams', 'strange'), { recursive: true })
  for (let n = 0; n < STRANGERS; n += 1000)
    await Promise.all(
      Array.from({ length: 1000 }, (_, i) =>
        writeFile(join(place.dir, 'data', 'streams', `strange-${n + i}`), ''),
      ),
    )
  const begun = performance.now()
  await using second = await startServer(env)
  expect(performance.now() - begun).toBeLessThan(15_000)
  for (const id of [ids[0], ids.at(-1)]) {
    const bytes = await (await resume(second, id ?? '')).bytes()
    expect(bytes.length).toBeGreaterThan(MEGABYTES * 1_000_000)
  }
})

/** Moves the clock on the wall, and no other, by what the file says. */
const CLOCK = (file: string) =>
  `data:text/javascript,${encodeURIComponent(`
import { readFileSync } from 'node:fs'
const Real = Date
const now = () => Real.now() + Number(readFileSync(${JSON.stringify(file)}, 'utf8'))
globalThis.Date = class extends Real {
  constructor(...it) { super(...(it.length ? it : [now()])) }
  static now() { return now() }
}`)}`

test('F48: a clock that jumps an hour ahead or three back removes no answer early and keeps none for ever', async () => {
  await using place = await newPlace()
  const clock = join(place.dir, 'clock')
  await writeFile(clock, '0')
  await using server = await startServer({
    GHOST_AGENT_URL: agent.url,
    GHOST_TASK_TTL: '3',
    NODE_OPTIONS: `--import ${CLOCK(clock)}`,
  })
  const end = gate()
  agent.play('POST /api/chat', sse(delta('a'), end, delta('b'), stop(), DONE), hello)
  const running = await ask(server)
  await running.until(says('"a"'))
  for (const shift of [3_600_000, -10_800_000]) {
    const short = await ask(server)
    await short.rest()
    await writeFile(clock, String(shift))
    const moved = await ask(server)
    await moved.rest()
    const told = (await (await server.fetch(`/api/chat/task/${moved.taskId}`)).json()) as TaskView
    expect(Math.abs(Date.parse(told.created_at) - Date.now() - shift)).toBeLessThan(5_000)
    expect(words(await (await resume(server, short.taskId)).rest())).toBe('hello')
    await eventually(
      'it is gone in its time',
      async () => (await server.fetch(`/api/chat/task/${short.taskId}`)).status === 404,
      9_000,
    )
  }
  end.open()
  expect(words(await running.rest())).toBe('ab')
  expect(failure(running.items)).toBeUndefined()
})
