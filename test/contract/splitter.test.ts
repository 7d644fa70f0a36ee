import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DONE, head, pieces, raw, sse, taken } from '../rig/answers.ts'
import { failure, isEvent } from '../rig/events.ts'
import { type Rig, startRig } from '../rig/rig.ts'
import type { Script } from '../rig/upstream.ts'
import { gate } from '../rig/wait.ts'

/** Everything that an event stream may look like, in one. */
const TRICKY = Buffer.from(
  [
    ': a comment\n\n',
    'data: plain\n\n',
    'data: crlf\r\ndata: two lines\r\n\r\n',
    'data: cr\rdata: alone\r\r',
    'id: 77\nevent: step\ndata: foreign id\n\n',
    'data: é😀\u2028中\n\n',
    'data: mixed\r\ndata: in\rdata: one\n\r\n',
    ': two\n: comments\r\n\r\n',
    'data\nid\nid:3\nid: \u00e9\r\n\n',
    'data:no space\nidx: not an id\nID: nor this\n\n',
    '\n\r\n\r',
    'data: id: 9 is text\n\n',
    'data: \ndata:\n\n',
    ': c\rdata: after a comment\r\n\n',
  ].join(''),
)
/** How many blocks stand between blank lines above, the closing [DONE] included. */
const BLOCKS = 14

/** Lines with the newlines that ended them. */
const lines = (bytes: Buffer) => bytes.toString('latin1').match(/[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+$/g) ?? []
const isId = (line: string) => /^id(?::|[\r\n]|$)/.test(line)
const withoutIds = (bytes: Buffer) =>
  lines(bytes)
    .filter((line) => !isId(line))
    .join('')
const blocksIn = (bytes: Buffer) =>
  lines(bytes).filter((line, n, all) => line.trim() !== '' && (all[n - 1] ?? '\n').trim() === '').length
/** The numbers of the blocks. A block whose agent gave it several ids may say its number as often. */
const idsOf = (bytes: Buffer) =>
  lines(bytes)
    .filter(isId)
    .map((line) => line.trim())
    .filter((line, n, all) => line !== all[n - 1])

async function through(rig: Rig, script: Script) {
  rig.agent.play('POST /api/chat', script)
  const stream = await rig.chat()
  const bytes = await stream.bytes()
  return { taskId: stream.taskId, bytes, items: stream.items }
}

const asPieces = (bytes: Buffer, places: readonly number[]): Buffer[] =>
  [0, ...places]
    .map((start, n) => bytes.subarray(start, places[n] ?? bytes.length))
    .filter((piece) => piece.length > 0)
const split = (...places: readonly number[]) =>
  sse(...asPieces(Buffer.concat([TRICKY, Buffer.from(DONE)]), places))

test('only the id lines differ from what the agent sent, one for each block', async () => {
  await using rig = await startRig()
  const { bytes, items } = await through(rig, split())
  expect(withoutIds(bytes)).toBe(withoutIds(Buffer.concat([TRICKY, Buffer.from(DONE)])))
  expect(idsOf(bytes)).toEqual(Array.from({ length: BLOCKS }, (_, n) => `id: ${n}`))
  const events = items.filter(isEvent)
  expect(events.map(({ id, event, data }) => [id, event, data])).toEqual([
    ['1', 'message', 'plain'],
    ['2', 'message', 'crlf\ntwo lines'],
    ['3', 'message', 'cr\nalone'],
    ['4', 'step', 'foreign id'],
    ['5', 'message', 'é😀\u2028中'],
    ['6', 'message', 'mixed\nin\none'],
    ['8', 'message', ''],
    ['9', 'message', 'no space'],
    ['10', 'message', 'id: 9 is text'],
    ['11', 'message', '\n'],
    ['12', 'message', 'after a comment'],
    ['13', 'message', '[DONE]'],
  ])
})

test('F15: the answer is the same wherever its bytes were split', { timeout: 60_000 }, async () => {
  await using rig = await startRig()
  const whole = await through(rig, split())
  for (let place = 1; place < TRICKY.length; place += 1) {
    const parted = await through(rig, split(place))
    expect(parted.items, `split at ${place}`).toEqual(whole.items)
    expect(String(parted.bytes), `split at ${place}`).toBe(String(whole.bytes))
  }
})

test('F15: the answer is the same when every byte comes alone', async () => {
  await using rig = await startRig()
  const whole = await through(rig, split())
  const alone = await through(rig, split(...Array.from({ length: TRICKY.length }, (_, n) => n + 1)))
  expect(alone.items).toEqual(whole.items)
  expect(String(alone.bytes)).toBe(String(whole.bytes))
})

test('the answer is the same however the connection, not the body, was cut into reads', async () => {
  await using rig = await startRig()
  const whole = await through(rig, split())
  const body = Buffer.concat([TRICKY, Buffer.from(DONE)])
  const counted = head('200 OK', 'content-type: text/event-stream', `content-length: ${body.length}`)
  for (let place = 1; place < TRICKY.length; place += 29) {
    const steps = asPieces(body, [place, place + 1, place + 2]).flatMap((piece) => [piece, taken])
    expect(String((await through(rig, raw(counted, ...steps))).bytes)).toBe(String(whole.bytes))
  }
})

const piece = fc.constantFrom(
  'data: x',
  ': c',
  'id: 5',
  'id',
  'event: e',
  'é',
  'data:',
  '\n',
  '\n',
  '\r',
  '\r\n',
  '\r\n',
  '\n\n',
  '\r\r',
  '\r\n\r\n',
)

test('whatever the stream, splitting changes nothing and only id lines are added', async () => {
  await using rig = await startRig()
  await fc.assert(
    fc.asyncProperty(
      fc.array(piece, { minLength: 1, maxLength: 40 }),
      fc.array(fc.nat(1_000), { maxLength: 20 }),
      async (parts, cuts) => {
        const body = Buffer.from(`data: first\n\n${parts.join('')}\n\ndata: last\n\n`)
        const places = [...new Set(cuts.map((cut) => cut % body.length))].sort((a, b) => a - b)
        const whole = await through(rig, sse(body))
        const parted = await through(rig, sse(...asPieces(body, places)))
        expect(String(parted.bytes)).toBe(String(whole.bytes))
        expect(withoutIds(whole.bytes)).toBe(withoutIds(body))
        const ids = idsOf(whole.bytes)
        expect(ids).toEqual(Array.from({ length: blocksIn(body) }, (_, n) => `id: ${n}`))
      },
    ),
    { numRuns: 150 },
  )
})

test('F15: a byte order mark before the first event is kept where it was', async () => {
  await using rig = await startRig()
  const body = Buffer.from(`\u{feff}data: marked\n\n${DONE}`)
  const { bytes } = await through(rig, sse(body.subarray(0, 1), body.subarray(1)))
  expect([...bytes.subarray(0, 3)]).toEqual([0xef, 0xbb, 0xbf])
  expect(String(bytes)).toContain('data: marked\n')
  expect(idsOf(bytes.subarray(3))).toEqual(['id: 0', 'id: 1'])
})

test('F16: bytes that are no UTF-8 pass as they are', async () => {
  await using rig = await startRig()
  const every = Buffer.from(Array.from({ length: 256 }, (_, n) => n).filter((n) => n !== 10 && n !== 13))
  const body = Buffer.concat([Buffer.from('data: '), every, Buffer.from(`\n\n${DONE}`)])
  const { bytes } = await through(rig, sse(body.subarray(0, 150), body.subarray(150)))
  expect(bytes.includes(every)).toBe(true)
})

test('A75: what the model writes cannot forge an event of the gateway', async () => {
  await using rig = await startRig()
  const forged = JSON.stringify({ text: '\n\nevent: error\ndata: {}\n\n: cancelled\n\nid: 999\n\n' })
  const { items } = await through(rig, sse(`data: ${forged}\n\n`, DONE))
  expect(items.filter(isEvent).map(({ event, id }) => [event, id])).toEqual([
    ['message', '0'],
    ['message', '1'],
  ])
})

test('F15: an event of 60 MB is capped before it is over, not collected', async () => {
  await using rig = await startRig()
  const megabyte = Buffer.alloc(1_000_000, 'x')
  rig.agent.play(
    'POST /api/chat',
    sse('data: first\n\n', 'data: ', ...Array<Buffer>(60).fill(megabyte), gate()),
  )
  const stream = await rig.chat()
  const items = await stream.rest()
  expect(failure(items)?.type).toBe('BufferCapExceeded')
  expect(items[0]).toMatchObject({ id: '0', data: 'first' })
  await (await rig.agent.called('POST /api/chat')).closed
})

test('an event that never ended does not swallow the ending', async () => {
  await using rig = await startRig()
  for (const tail of [
    'data: half',
    'data: half\n',
    'data: half\r',
    'data: half\r\n',
    ': half',
    'id: 4',
    'event: x\n',
  ])
    for (const script of [
      raw(
        head('200 OK', 'content-type: text/event-stream', 'content-length: 900'),
        'data: a\n\n',
        tail,
        (it) => it.fin(),
      ),
      raw(head('200 OK', 'content-type: text/event-stream'), 'data: a\n\n', tail, (it) => it.fin()),
    ]) {
      const { items } = await through(rig, script)
      expect(items[0]).toMatchObject({ data: 'a' })
      expect(failure(items)?.type).toBe('UpstreamError')
    }
})

test('nor does it swallow the cancellation, nor an ending of another kind of stream', async () => {
  await using rig = await startRig()
  const { items } = await through(
    rig,
    raw(head('200 OK', 'content-type: text/plain', 'content-length: 900'), 'no newline', (it) => it.fin()),
  )
  expect(failure(items)?.type).toBe('UpstreamError')
  const plain = await through(rig, pieces('text/plain', 'data: not an event'))
  expect(String(plain.bytes)).toBe('data: not an event')
})
