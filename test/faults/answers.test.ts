import { expect, test } from 'vitest'
import type { TaskView } from '../../src/protocol.ts'
import { DONE, delta, endless, fin, head, httpChunk, json, raw, rst, sse, stop } from '../rig/answers.ts'
import { failure, isEvent, isPing, words } from '../rig/events.ts'
import { type Rig, startRig } from '../rig/rig.ts'
import type { Script } from '../rig/upstream.ts'
import { gate, within } from '../rig/wait.ts'

const EVENTS = 'content-type: text/event-stream'
const chunked = head('200 OK', EVENTS, 'transfer-encoding: chunked')
const counted = (length: number, ...more: string[]) =>
  head('200 OK', EVENTS, `content-length: ${length}`, ...more)
const whole = `${httpChunk(delta('hi') + stop() + DONE)}0\r\n\r\n`

/** What a reader heard of an answer, and what the gateway says of it. */
async function heard(rig: Rig, script: Script) {
  rig.agent.play('POST /api/chat', script)
  const stream = await rig.chat()
  const items = await stream.rest()
  const view = (await (await rig.fetch(`/api/chat/task/${stream.taskId}`)).json()) as TaskView
  const again = await (await rig.resume(stream.taskId)).rest()
  expect(again).toEqual(items.filter((item) => !isPing(item)))
  const call = await rig.agent.called('POST /api/chat', rig.agent.callsOf('POST /api/chat').length)
  return { items, bytes: await stream.bytes(), failed: failure(items), status: view.status, call }
}

/** Nothing that was no answer makes the next one wrong, or is asked for twice. */
async function nextIsRight(rig: Rig) {
  const before = rig.agent.callsOf('POST /api/chat').length
  const { items, status } = await heard(rig, sse(delta('right'), stop(), DONE))
  expect({ said: words(items), status }).toEqual({ said: 'right', status: 'done' })
  expect(rig.agent.callsOf('POST /api/chat')).toHaveLength(before + 1)
}

const NO_ANSWERS: readonly (readonly [what: string, script: Script])[] = [
  ['F13: a 304', raw(head('304 Not Modified'))],
  [
    'F13: another protocol',
    raw(head('101 Switching Protocols', 'connection: upgrade', 'upgrade: websocket')),
  ],
  ['F14: garbage for a status line', raw('GARBAGE\r\n\r\n', fin)],
  ['F14: a status of two digits', raw('HTTP/1.1 20 OK\r\ncontent-length: 0\r\n\r\n', fin)],
  ['F14: a header without an end', raw(`HTTP/1.1 200 OK\r\nx: ${'y'.repeat(200_000)}`, fin)],
  ['F14: two lengths', raw(head('200 OK', EVENTS, 'content-length: 2', 'content-length: 3'), 'abc', fin)],
  [
    'F14: a length and chunks',
    raw(head('200 OK', EVENTS, 'content-length: 2', 'transfer-encoding: chunked'), whole, fin),
  ],
  ['F14: a reset in the middle of the head', raw('HTTP/1.1 200 OK\r\ncontent-', rst)],
  ['F13: a word to go on that nobody had asked for', raw(head('100 Continue'), chunked, whole)],
  ['F12: a redirect', json(308, {}, { location: 'http://127.0.0.1:1/' })],
  ...['gzip', 'br', 'zstd', 'deflate', 'x-gzip', 'GZIP', `${'gzip, '.repeat(999)}gzip`].map(
    (encoding) =>
      [
        `F5: an encoding of ${encoding.slice(0, 12)} (${encoding.length} letters)`,
        raw(counted(1_000_000, `content-encoding: ${encoding}`), Buffer.alloc(1_000_000, 31)),
      ] as const,
  ),
]

test.each(NO_ANSWERS)('%s is a failure in words, and harms no other answer', async (_what, script) => {
  await using rig = await startRig()
  const { items, failed, status } = await heard(rig, script)
  expect(failed).toMatchObject({ type: 'UpstreamError', message: expect.stringMatching(/\w/) })
  expect(status).toBe('failed')
  expect(items).toHaveLength(1)
  await nextIsRight(rig)
})

test('F5: nothing of a compressed answer without end is taken in: its connection is closed at its head', async () => {
  await using rig = await startRig()
  const script: Script = async (call) => {
    await call.read()
    call.head(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' })
    let left = false
    void call.closed.then(() => {
      left = true
    })
    while (!left) await call.write(Buffer.alloc(65_536, 31))
  }
  const { failed, call } = await heard(rig, script)
  expect(failed?.type).toBe('UpstreamError')
  await within('the end of the connection', call.closed)
})

test('F4: what comes behind the declared length is nobody’s answer', async () => {
  await using rig = await startRig()
  const said = delta('all of it') + DONE
  const { items, status } = await heard(rig, raw(counted(said.length), said, delta('more'), fin))
  expect({ said: words(items), status }).toEqual({ said: 'all of it', status: 'done' })
  await nextIsRight(rig)
})

test('F13: fifty interim answers are passed over, and the one after them is the answer', async () => {
  await using rig = await startRig()
  const interim = [head('102 Processing'), head('103 Early Hints', 'link: </a>; rel=preload')]
  const { items, status } = await heard(
    rig,
    raw(...interim, ...Array(24).fill(interim).flat(), chunked, whole),
  )
  expect({ said: words(items), status }).toEqual({ said: 'hi', status: 'done' })
})

test('F13: an answer without content is an empty one', async () => {
  await using rig = await startRig()
  const { items, status } = await heard(rig, json(204, ''))
  expect({ items, status }).toEqual({ items: [], status: 'done' })
  await nextIsRight(rig)
})

test('F14: a second answer behind an event stream reaches nobody', async () => {
  await using rig = await startRig()
  const second = `${chunked + httpChunk(delta('of nobody'))}0\r\n\r\n`
  const { items, status } = await heard(rig, raw(chunked + whole + second))
  expect({ said: words(items), status }).toEqual({ said: 'hi', status: 'done' })
  await nextIsRight(rig)
})

test('F10: a refusal of the agent is a failed answer with its status and its words, and none of the gateway', async () => {
  await using rig = await startRig()
  for (const status of [401, 403, 429, 500, 503]) {
    const page = `<html><script>alert(1)</script>${'x'.repeat(5_000_000)}`
    const { failed } = await heard(
      rig,
      json(status, page, { 'content-type': 'text/html', 'retry-after': '7' }),
    )
    expect(failed?.type).toBe('UpstreamError')
    expect(failed?.message).toContain(`answered ${status}`)
    expect(failed?.message.length).toBeLessThan(500)
    expect((await rig.fetch('/api/chat/tasks')).status).toBe(200)
  }
})

test('F11: a page of HTML where a stream was asked for comes as it was read, without numbers', async () => {
  await using rig = await startRig()
  const page = '<html>\n\n<p>data: not an event</p>\n\n</html>'
  const { bytes, status } = await heard(
    rig,
    raw(head('200 OK', 'content-type: text/html', `content-length: ${page.length}`), page),
  )
  expect({ body: String(bytes), status }).toEqual({ body: page, status: 'done' })
})

test('F16: every byte that there is passes as it is, in an event and outside of one', async () => {
  await using rig = await startRig()
  const all = Buffer.from(Array.from({ length: 256 }, (_, n) => n).filter((n) => n !== 10 && n !== 13))
  const lone = Buffer.from([0xed, 0xa0, 0x80, 0xc0, 0xaf, 0xf5, 0xff])
  const events = Buffer.concat([Buffer.from('data: '), all, Buffer.from('\n\n: '), lone, Buffer.from('\n\n')])
  const { bytes, status } = await heard(rig, sse(events, DONE))
  const plain = Buffer.from(bytes.toString('latin1').replaceAll(/^id: \d+\n/gm, ''), 'latin1')
  expect(plain.equals(Buffer.concat([events, Buffer.from(DONE)]))).toBe(true)
  expect(status).toBe('done')
})

test('F7: an agent that thinks before it speaks is waited for, with pings', async () => {
  await using rig = await startRig({ timing: { pulseMs: 20 } })
  const thought = gate()
  rig.agent.play('POST /api/chat', async (call) => {
    await call.read()
    await thought.opened
    await sse(delta('at last'), stop(), DONE)(call)
  })
  const stream = await rig.chat()
  for (let n = 0; n < 5; n += 1) await stream.until(isPing)
  thought.open()
  const items = await stream.rest()
  expect(words(items)).toBe('at last')
  expect(items.filter(isEvent).map(({ id }) => id)).toEqual(['0', '1', '2'])
})

test('F57: sound without end flows on, and ends with its listener', async () => {
  await using rig = await startRig()
  rig.voice.play('POST /tts', endless('audio/wav'))
  const leaving = new AbortController()
  const response = await rig.fetch('/api/tts', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"text":"a"}',
    signal: leaving.signal,
  })
  let came = 0
  for await (const piece of response.body ?? []) {
    came += (piece as Uint8Array).length
    if (came > 20_000_000) break
  }
  leaving.abort()
  await within('the end of the call', (await rig.voice.called('POST /tts')).closed)
  expect((await rig.chat()).status).toBe(200)
})
