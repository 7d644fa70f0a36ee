import { setTimeout as pause } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import { DONE, delta, sse, stop } from '../rig/answers.ts'
import { failure, isPing, words } from '../rig/events.ts'
import { envelope, FORM } from '../rig/multipart.ts'
import { KEY, startRig } from '../rig/rig.ts'
import { eventually, within } from '../rig/wait.ts'
import { parseAnswer } from '../rig/wire.ts'
import { ALL } from './place.ts'

test('F51: an answer that is resumed when its time is over is whole, broken off or not found, and never a part that looks whole', async () => {
  await using rig = await startRig({ env: { GHOST_TASK_TTL: '0.2' }, timing: { sweepMs: 5 } })
  const said = Array.from({ length: 40 }, (_, n) => delta(`${n} `.padEnd(5_000, '.')))
  rig.agent.play('POST /api/chat', sse(...said, stop(), DONE))
  const outcomes = { whole: 0, brokenOff: 0, notFound: 0 }
  for (let round = 0; round < 30; round += 1) {
    const stream = await rig.chat()
    const whole = await stream.bytes()
    const ended = performance.now()
    // Closer and closer around the moment at which it goes.
    const tries = Array.from({ length: 12 }, async (_, n) => {
      await pause(Math.max(0, 170 + n * 6 - (performance.now() - ended)))
      const again = await rig.resume(stream.taskId)
      if (again.status === 404) return 'notFound'
      const bytes = await again.bytes().catch(() => undefined)
      if (bytes === undefined) return 'brokenOff'
      expect(bytes.equals(whole)).toBe(true)
      return 'whole'
    })
    for (const outcome of await Promise.all(tries)) outcomes[outcome as keyof typeof outcomes] += 1
  }
  expect(outcomes.whole).toBeGreaterThan(0)
  expect(outcomes.notFound).toBeGreaterThan(0)
})

test('F51: a reader in the middle of an answer whose time is over is broken off, and not told that this was all', async () => {
  await using rig = await startRig({ env: { GHOST_TASK_TTL: '0.3' }, timing: { sweepMs: 20 } })
  const piece = Buffer.from(`data: ${'x'.repeat(99_992)}\n\n`)
  rig.agent.play('POST /api/chat', sse(...Array<Buffer>(200).fill(piece), stop(), DONE))
  const stream = await rig.chat()
  const wire = rig.wire()
  await wire.write(
    `GET /api/chat/resume/${stream.taskId} HTTP/1.1\r\nHost: a\r\nX-Ghost-Key: ${KEY}\r\nConnection: close\r\n\r\n`,
  )
  await wire.until('id: 0')
  wire.socket.pause()
  const whole = await stream.bytes()
  await eventually(
    'it is gone',
    async () => (await rig.fetch(`/api/chat/task/${stream.taskId}`)).status === 404,
  )
  wire.socket.resume()
  await within('the end', wire.over)
  const said = parseAnswer(wire.heard).body
  expect(said.length).toBeLessThan(whole.length)
  expect(String(wire.heard.subarray(-7))).not.toBe('\r\n0\r\n\r\n')
})

describe.skipIf(!ALL).concurrent('silences of minutes', () => {
  test('F7: an agent that thinks for longer than five minutes is waited for', {
    timeout: 400_000,
  }, async () => {
    await using rig = await startRig()
    rig.agent.play('POST /api/chat', async (call) => {
      await call.read()
      await pause(310_000)
      await sse(delta('at last'), stop(), DONE)(call)
    })
    const stream = await rig.chat()
    const plain = rig.post('/api/chat', { messages: [] })
    const items = await stream.rest(350_000)
    expect(words(items.filter((item) => !isPing(item)))).toBe('at last')
    expect(items.filter(isPing).length).toBeGreaterThan(15)
    expect((await plain).status).toBe(200)
  })

  test('F6: an agent that says a byte a second is heard for longer than five minutes', {
    timeout: 400_000,
  }, async () => {
    await using rig = await startRig({ env: { GHOST_CHAT_TIMEOUT: '10' } })
    const drip = Array.from({ length: 310 }, () => [() => pause(1_000), '.']).flat()
    rig.agent.play('POST /api/chat', sse('data: ', ...drip, '\n\n', DONE))
    const stream = await rig.chat()
    const items = await stream.rest(350_000)
    expect(failure(items)).toBeUndefined()
    expect(items.filter((item) => !isPing(item))).toHaveLength(2)
  })

  test('F37: an upload that stands still is ended after half a minute, and so is the agent’s request', {
    timeout: 90_000,
  }, async () => {
    await using rig = await startRig()
    const wire = rig.wire()
    await wire.write(
      `POST /api/upload HTTP/1.1\r\nHost: a\r\nX-Ghost-Key: ${KEY}\r\nContent-Type: ${FORM['content-type']}\r\nContent-Length: 5000000\r\n\r\n`,
    )
    const begun = performance.now()
    await wire.write(Buffer.concat([envelope().before, Buffer.alloc(500_000)]))
    const call = await rig.agent.called('POST /api/upload')
    await within('the end of the upload', wire.over, 50_000)
    expect(performance.now() - begun).toBeGreaterThan(25_000)
    await within('the end of the agent’s request', call.closed)
    expect((await call.read()).complete).toBe(false)
  })
})
