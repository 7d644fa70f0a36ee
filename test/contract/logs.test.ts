import { appendFile, rename, rm, truncate, writeFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { established } from '../rig/kernel.ts'
import { type LogReader, readLog } from '../rig/logsocket.ts'
import { KEY, type Rig, startRig } from '../rig/rig.ts'
import { eventually } from '../rig/wait.ts'

const headers = { 'x-ghost-key': KEY }
const listen = (rig: Rig, path = '/ws') => readLog(rig.socket(path, { headers }))
const contents = ({ lines }: LogReader) => lines.map(({ content }) => content)
const followed = (rig: Rig) =>
  eventually('the log is followed', async () => {
    const { log } = (await (await rig.fetch('/readyz')).json()) as { log: { state: string } }
    return log.state === 'following'
  })

test('each line is one message, and says whether it is an error', async () => {
  await using rig = await startRig()
  await writeFile(rig.agentLog, '')
  await followed(rig)
  const reader = await listen(rig)
  await appendFile(rig.agentLog, 'plain\nan ERROR here\nsome Exception there\nerror exception\n\nläst 😀\n')
  await reader.until('läst 😀')
  expect(reader.messages).toEqual([
    { type: 'log', content: 'plain', is_error: false },
    { type: 'log', content: 'an ERROR here', is_error: true },
    { type: 'log', content: 'some Exception there', is_error: true },
    { type: 'log', content: 'error exception', is_error: false },
    { type: 'log', content: '', is_error: false },
    { type: 'log', content: 'läst 😀', is_error: false },
  ])
})

test('whoever connects gets the newest ten lines first', async () => {
  await using rig = await startRig()
  await writeFile(rig.agentLog, Array.from({ length: 25 }, (_, n) => `old ${n}\n`).join(''))
  await followed(rig)
  const first = await listen(rig)
  await first.until('old 24')
  const early = await listen(rig)
  await early.until('old 24')
  await appendFile(rig.agentLog, 'new\n')
  await early.until('new')
  expect(contents(early)).toEqual([...Array.from({ length: 10 }, (_, n) => `old ${n + 15}`), 'new'])
})

test('a batch has many lines in one message, the same lines', async () => {
  await using rig = await startRig()
  await writeFile(rig.agentLog, 'one\ntwo ERROR\n')
  await followed(rig)
  const plain = await listen(rig)
  await plain.until('two ERROR')
  const batched = await listen(rig, '/ws?batch=1')
  await batched.until('two ERROR')
  await appendFile(rig.agentLog, `${Array.from({ length: 1_000 }, (_, n) => `line ${n}`).join('\n')}\n`)
  await plain.until('line 999')
  await batched.until('line 999')
  expect(batched.lines).toEqual(plain.lines)
  for (const message of batched.messages)
    expect(message).toEqual({ type: 'logs', lines: expect.arrayContaining([expect.anything()]) })
  expect(batched.messages.length).toBeLessThan(200)
})

test('a file that is not there yet is followed from the moment that it is', async () => {
  await using rig = await startRig()
  const reader = await listen(rig)
  expect((await (await rig.fetch('/readyz')).json()) as object).toMatchObject({ log: { state: 'missing' } })
  await writeFile(rig.agentLog, 'first\n')
  await reader.until('first')
  expect(contents(reader)).toEqual(['first'])
})

test('a file is followed by its name: through rotation, truncation, and deletion', async () => {
  await using rig = await startRig()
  await writeFile(rig.agentLog, '')
  await followed(rig)
  const reader = await listen(rig)
  await appendFile(rig.agentLog, 'before rotation\n')
  await reader.until('before rotation')
  await rename(rig.agentLog, `${rig.agentLog}.1`)
  await writeFile(rig.agentLog, 'after rotation\n')
  await reader.until('after rotation')
  await truncate(rig.agentLog, 0)
  await appendFile(rig.agentLog, 'cut\n')
  await reader.until('cut')
  await rm(rig.agentLog)
  await eventually('the log is missing', async () => {
    const { log } = (await (await rig.fetch('/readyz')).json()) as { log: { state: string } }
    return log.state !== 'following'
  })
  await writeFile(rig.agentLog, 'back again\n')
  await reader.until('back again')
  expect(contents(reader)).toEqual(['before rotation', 'after rotation', 'cut', 'back again'])
})

test('a line that is no UTF-8 is shown with replacements, and the next one as it is', async () => {
  await using rig = await startRig()
  await writeFile(rig.agentLog, '')
  await followed(rig)
  const reader = await listen(rig)
  await appendFile(rig.agentLog, Buffer.from([0x61, 0xff, 0xfe, 0x62, 0x0a]))
  await appendFile(rig.agentLog, 'fine\n')
  await reader.until('fine')
  expect(contents(reader)).toEqual(['a\u{fffd}\u{fffd}b', 'fine'])
})

test('a line of megabytes is cut at 16 KiB with a mark, and the next one as it is', async () => {
  await using rig = await startRig()
  await writeFile(rig.agentLog, '')
  await followed(rig)
  const reader = await listen(rig)
  await appendFile(rig.agentLog, `${'x'.repeat(5_000_000)} ERROR at its end\nfine\n`)
  await reader.until('fine')
  const [long = ''] = contents(reader)
  expect(contents(reader)).toHaveLength(2)
  expect(long.startsWith('x'.repeat(16_384))).toBe(true)
  expect(long.length).toBeGreaterThan(16_384)
  expect(long.length).toBeLessThan(16_384 + 100)
})

test('a line comes once it is whole, whatever the pieces it was written in', async () => {
  await using rig = await startRig()
  await writeFile(rig.agentLog, '')
  await followed(rig)
  const reader = await listen(rig)
  const line = Buffer.from('half é and 😀 half\n')
  for (const byte of line) await appendFile(rig.agentLog, Buffer.of(byte))
  await reader.until('half é and 😀 half')
  expect(contents(reader)).toEqual(['half é and 😀 half'])
})

test('every reader gets every line once, in order', async () => {
  await using rig = await startRig()
  await writeFile(rig.agentLog, '')
  await followed(rig)
  const readers = await Promise.all(
    Array.from({ length: 20 }, (_, n) => listen(rig, n % 2 ? '/ws' : '/ws?batch=1')),
  )
  const lines = Array.from({ length: 3_000 }, (_, n) => `line ${n}`)
  for (let n = 0; n < lines.length; n += 300)
    await appendFile(rig.agentLog, `${lines.slice(n, n + 300).join('\n')}\n`)
  for (const reader of readers) {
    await reader.until('line 2999')
    expect(contents(reader)).toEqual(lines)
  }
})

test('a client that does not drain its socket is dropped, and delays nobody', async () => {
  await using rig = await startRig()
  await writeFile(rig.agentLog, '')
  await followed(rig)
  const healthy = await listen(rig, '/ws?batch=1')
  const stopped = rig.wire()
  await stopped.write(
    `GET /ws HTTP/1.1\r\nHost: a\r\nX-Ghost-Key: ${KEY}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n',
  )
  await stopped.until('101 Switching')
  stopped.socket.pause()
  for (let n = 0; n < 40; n += 1) {
    await appendFile(rig.agentLog, `${`${'y'.repeat(1_000)}\n`.repeat(1_000)}mark ${n}\n`)
    await healthy.until(`mark ${n}`)
  }
  await eventually('the stopped client is dropped', () => !established(rig.port, stopped.socket.localPort))
  expect(healthy.lines).toHaveLength(40 * 1_001)
})

test('A33: what a client says is nobody’s business, and harms nobody', async () => {
  await using rig = await startRig()
  await writeFile(rig.agentLog, '')
  await followed(rig)
  const reader = await listen(rig)
  const socket = rig.socket('/ws', { headers })
  const talker = await readLog(socket)
  for (const words of ['{"type":"log","content":"forged"}', 'null', '{"__proto__":{}}', '['.repeat(3_000)])
    socket.send(words)
  socket.send(Buffer.alloc(300_000))
  await appendFile(rig.agentLog, 'true\n')
  await reader.until('true')
  expect(contents(reader)).toEqual(['true'])
  socket.terminate()
  await talker.closed
  expect((await rig.fetch('/healthz')).status).toBe(200)
})
