import { writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { DONE, delta, sse, stop } from '../rig/answers.ts'
import { failure, isEvent, says, words } from '../rig/events.ts'
import { readLog } from '../rig/logsocket.ts'
import { KEY, startRig } from '../rig/rig.ts'
import { eventually, gate, pending, within } from '../rig/wait.ts'

const CHAT = '{"messages":[],"stream":true}'
const headers = `Host: a\r\nX-Ghost-Key: ${KEY}\r\nContent-Type: application/json\r\n`

test('an idle gateway closes at once, however many ask it to', async () => {
  await using rig = await startRig()
  await rig.chat().then((stream) => stream.rest())
  await within('the end', Promise.all([rig.gateway.close(), rig.gateway.close(), rig.gateway.close()]), 2_000)
  await expect(rig.stranger('/healthz')).rejects.toThrow()
})

test('a running answer gets its time and ends as it should', async () => {
  await using rig = await startRig({ timing: { drainMs: 8_000 } })
  const end = gate()
  rig.agent.play('POST /api/chat', sse(delta('a'), end, delta('b'), stop(), DONE))
  const stream = await rig.chat()
  await stream.until(says('"a"'))
  const closed = rig.gateway.close()
  expect(await pending(closed)).toBe(true)
  end.open()
  const items = await stream.rest()
  expect(words(items)).toBe('ab')
  expect(failure(items)).toBeUndefined()
  await within('the end', closed, 2_000)
})

test('an answer that does not end in time is interrupted, with all that had come', async () => {
  await using rig = await startRig({ timing: { drainMs: 100 } })
  rig.agent.play('POST /api/chat', sse(delta('a'), gate(), DONE))
  const stream = await rig.chat()
  await stream.until(says('"a"'))
  const call = await rig.agent.called('POST /api/chat')
  const closed = rig.gateway.close()
  const items = await stream.rest()
  expect(items.filter(isEvent)[0]).toMatchObject({ id: '0' })
  expect(failure(items)).toMatchObject({ type: 'Interrupted', message: expect.stringMatching(/\w/) })
  await call.closed
  await within('the end', closed, 5_000)
})

test('while it drains, a connection that is open hears that it is shutting down', async () => {
  await using rig = await startRig({ timing: { drainMs: 8_000 } })
  const end = gate()
  rig.agent.play('POST /api/chat', sse(delta('a'), end, DONE))
  const stream = await rig.chat()
  await stream.until(says('"a"'))
  const [asking, probing] = [rig.wire(), rig.wire()]
  await asking.write(`POST /api/chat HTTP/1.1\r\n${headers}Content-Length: ${CHAT.length}\r\n\r\n{"messages"`)
  await probing.write(`GET /readyz HTTP/1.1\r\n${headers}`)
  await eventually('both are connected', async () => (await rig.fetch('/healthz')).ok)
  const closed = rig.gateway.close()
  await asking.write(CHAT.slice(11))
  await probing.write('\r\n')
  await asking.until('"shutting_down"')
  expect(String(asking.heard)).toMatch(/^HTTP\/1.1 503 /)
  await probing.until('shutting_down')
  expect(String(probing.heard)).toMatch(/^HTTP\/1.1 503 /)
  expect(rig.agent.callsOf('POST /api/chat')).toHaveLength(1)
  end.open()
  expect(words(await stream.rest())).toBe('a')
  await within('the end', closed, 5_000)
})

test('while it drains, nobody new is let in', async () => {
  await using rig = await startRig({ timing: { drainMs: 8_000 } })
  const end = gate()
  rig.agent.play('POST /api/chat', sse(delta('a'), end, DONE))
  const stream = await rig.chat()
  await stream.until(says('"a"'))
  const closed = rig.gateway.close()
  const late = rig.wire()
  void late.write(
    `POST /api/chat HTTP/1.1\r\n${headers}Connection: close\r\nContent-Length: ${CHAT.length}\r\n\r\n${CHAT}`,
  )
  await within('the refusal', late.over)
  if (late.heard.length > 0) expect(String(late.heard)).toMatch(/^HTTP\/1.1 503 /)
  expect(rig.agent.callsOf('POST /api/chat')).toHaveLength(1)
  end.open()
  await stream.rest()
  await closed
})

test('the sockets of the log are closed, with a word', async () => {
  await using rig = await startRig()
  await writeFile(rig.agentLog, 'line\n')
  const reader = await readLog(rig.socket('/ws', { headers: { 'x-ghost-key': KEY } }))
  await within('the end', rig.gateway.close(), 5_000)
  expect(await within('the close', reader.closed)).toBe(1001)
})

test('who wants to listen to the log while its sockets are being closed is told to come again', async () => {
  await using rig = await startRig()
  const handshake = `GET /ws HTTP/1.1\r\n${headers}Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n`
  const [stays, late] = [rig.wire(), rig.wire()]
  await Promise.all([stays.write(`${handshake}\r\n`), late.write(handshake)])
  await stays.until(' 101 ')
  await eventually('both are connected', async () => (await rig.fetch('/healthz')).ok)
  const closed = rig.gateway.close()
  await stays.until((heard) => heard.subarray(-2).readUInt16BE() === 1001)
  await late.write('\r\n')
  await late.until('"shutting_down"')
  expect(String(late.heard)).toMatch(/^HTTP\/1.1 503 .*retry-after: [1-9]/is)
  await within('the end', closed, 5_000)
})

test('F44: a client that holds its connection open does not hold up the end', async () => {
  await using rig = await startRig()
  const [idle, slow] = [rig.wire(), rig.wire()]
  await idle.write(`GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n`)
  await idle.until('"ok"')
  await slow.write(`POST /api/upload HTTP/1.1\r\n${headers}Content-Length: 1000\r\n\r\nabc`)
  await within('the end', rig.gateway.close(), 5_000)
})
