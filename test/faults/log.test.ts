import { randomBytes } from 'node:crypto'
import { appendFile, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { DONE, delta, sse, stop } from '../rig/answers.ts'
import { words } from '../rig/events.ts'
import { established } from '../rig/kernel.ts'
import { type LogReader, readLog } from '../rig/logsocket.ts'
import { KEY, type Rig, startRig } from '../rig/rig.ts'
import { eventually } from '../rig/wait.ts'

const headers = { 'x-ghost-key': KEY }
const listen = (rig: Rig, path = '/ws?batch=1') => readLog(rig.socket(path, { headers }))

/** A rig whose log is followed. */
async function following(): Promise<Rig> {
  const rig = await startRig()
  await writeFile(rig.agentLog, '')
  await eventually('the log is followed', async () => {
    const { log } = (await (await rig.fetch('/readyz')).json()) as { log: { state: string } }
    return log.state === 'following'
  })
  return rig
}

/** A client that opens the socket and then reads nothing more. */
async function deaf(rig: Rig) {
  const wire = rig.wire()
  await wire.write(
    `GET /ws HTTP/1.1\r\nHost: a\r\nX-Ghost-Key: ${KEY}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${randomBytes(16).toString('base64')}\r\n\r\n`,
  )
  await wire.until('101 Switching')
  wire.socket.pause()
  return wire
}

test('F55: of 200 clients of the log fifty stop reading: those are dropped, and the others have every line', {
  timeout: 120_000,
}, async () => {
  await using rig = await following()
  const healthy: LogReader[] = []
  for (let n = 0; n < 150; n += 1) healthy.push(await listen(rig))
  const stopped = await Promise.all(Array.from({ length: 50 }, () => deaf(rig)))
  const block = `${'y'.repeat(1_000)}\n`.repeat(500)
  let total = 0
  for (let n = 0; stopped.some(({ socket }) => established(rig.port, socket.localPort)); n += 1) {
    await appendFile(rig.agentLog, `${block}mark ${n}\n`)
    total += 501
    await healthy[n % healthy.length]?.until(`mark ${n}`)
    expect(n).toBeLessThan(100)
  }
  await appendFile(rig.agentLog, 'last\n')
  for (const reader of healthy) await reader.until('last')
  expect(new Set(healthy.map(({ lines }) => lines.length))).toEqual(new Set([total + 1]))
})

test('F54: 100,000 lines at once, lines of megabytes and bytes that are no text delay no chat', async () => {
  await using rig = await following()
  const reader = await listen(rig)
  rig.agent.play('POST /api/chat', sse(delta('a'), delta('b'), stop(), DONE))
  const noise = Buffer.concat([
    Buffer.from(Array.from({ length: 100_000 }, (_, n) => `line ${n} ${'z'.repeat(60)}`).join('\n')),
    Buffer.from(`\n${'long'.repeat(2_500_000)}\n`),
    Buffer.from('10 %\r20 %\r30 %\n'),
    randomBytes(1_000_000),
    Buffer.from('\nlast\n'),
  ])
  const writing = appendFile(rig.agentLog, noise)
  let slowest = 0
  for (let n = 0; n < 20; n += 1) {
    const asked = performance.now()
    expect(words(await (await rig.chat()).rest())).toBe('ab')
    slowest = Math.max(slowest, performance.now() - asked)
  }
  await writing
  await reader.until('last')
  expect(slowest).toBeLessThan(5_000)
  const lines = reader.lines.map(({ content }) => content)
  expect(lines.slice(0, 100_000).every((line, n) => line.startsWith(`line ${n} z`))).toBe(true)
  expect(lines[100_000]?.length).toBeLessThan(16_384 + 100)
  expect(lines[100_001]).toBe('10 %\r20 %\r30 %')
})
