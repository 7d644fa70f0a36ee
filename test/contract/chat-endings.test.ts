import { setTimeout } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import type { TaskView } from '../../src/protocol.ts'
import {
  DONE,
  delta,
  fin,
  head,
  httpChunk,
  json,
  raw,
  rst,
  silent,
  sse,
  stop,
  taken,
  untilClose,
} from '../rig/answers.ts'
import { failure, isEvent, words } from '../rig/events.ts'
import { type Rig, startRig } from '../rig/rig.ts'
import { type Script, startUpstream } from '../rig/upstream.ts'
import { gate } from '../rig/wait.ts'

const EVENTS = 'content-type: text/event-stream'
const chunked = head('200 OK', EVENTS, 'transfer-encoding: chunked')
const counted = (length: number) => head('200 OK', EVENTS, `content-length: ${length}`)
const HI = delta('hi')
const SPACED = ['data: {"choices": [ {"delta": {}, "finish_', taken, 'reason" :  "sto', taken, 'p"} ]}\n\n']

const task = async (rig: Rig, id: string) =>
  (await (await rig.fetch(`/api/chat/task/${id}`)).json()) as TaskView

/** A whole stream, its ending, and proof that a resume replays the same. */
async function play(rig: Rig, script: Script) {
  rig.agent.play('POST /api/chat', script)
  const stream = await rig.chat()
  const bytes = await stream.bytes(15_000)
  const again = await rig.resume(stream.taskId)
  expect(String(await again.bytes())).toBe(String(bytes))
  const beyond = await rig.resume(stream.taskId, 1_000_000)
  expect(failure(await beyond.rest())).toEqual(failure(stream.items))
  const call = await rig.agent.called('POST /api/chat', rig.agent.callsOf('POST /api/chat').length)
  return {
    stream,
    items: stream.items,
    failed: failure(stream.items),
    call,
    view: await task(rig, stream.taskId),
  }
}

describe('an answer is done', () => {
  const complete: readonly (readonly [string, Script])[] = [
    ['when its chunked body ended properly', sse(HI, stop(), DONE)],
    ['when its chunked body ended properly, though it never said so itself', sse(HI)],
    ['when its counted body ended properly', raw(counted(Buffer.byteLength(HI + DONE)), HI, DONE)],
    ['when the connection ended after [DONE]', untilClose(HI, DONE, fin)],
    ['when the connection ended after a finish_reason', untilClose(HI, stop(), fin)],
    ['when its finish_reason came in pieces, with spaces', untilClose(HI, ...SPACED, fin)],
    [
      'when [DONE] came in pieces and in CRLF',
      untilClose(HI, 'data: [DO', taken, 'NE]\r\n\r', taken, '\n', fin),
    ],
    ['when [DONE] came without a space', untilClose(HI, 'data:[DONE]\n\n', fin)],
  ]
  test.each(complete)('%s', async (_when, script) => {
    await using rig = await startRig()
    const { items, failed, view } = await play(rig, script)
    expect(failed).toBeUndefined()
    expect(words(items)).toBe('hi')
    expect(items.every((item) => isEvent(item) && item.event === 'message')).toBe(true)
    expect(view).toMatchObject({ status: 'done', error: null })
  })
})

describe('an answer is never called done', () => {
  const broken: readonly (readonly [string, Script])[] = [
    ['when the connection just ended', untilClose(HI, fin)],
    ['F1: when the connection ended in the middle of an event', untilClose(HI, 'data: {"cho', fin)],
    ['F2: when the connection was reset', untilClose(HI, rst)],
    ['when only the words of the answer say [DONE]', untilClose(delta('data: [DONE]'), HI, fin)],
    [
      'when only the words of the answer say finish_reason',
      untilClose(delta('"finish_reason":"stop"'), HI, fin),
    ],
    ['when its finish_reason is null to the end', untilClose(HI, HI, fin)],
    ['when its finish_reason is empty to the end', untilClose(HI.replace('null', '""'), fin)],
    ['F3: when a chunked body ended inside a chunk', raw(chunked, httpChunk(HI), '40\r\ndata: h', fin)],
    ['F3: when a chunked body ended without its last chunk', raw(chunked, httpChunk(HI), fin)],
    ['when a chunked body was reset', raw(chunked, httpChunk(HI), rst)],
    ['F4: when a counted body was too short', raw(counted(5_000), HI, fin)],
    ['when [DONE] came and the counted body was still too short', raw(counted(5_000), HI, DONE, fin)],
    ['when a chunk had no size', raw(chunked, httpChunk(HI), 'zz\r\n\r\n', fin)],
  ]
  test.each(broken)('%s', async (_when, script) => {
    await using rig = await startRig()
    const { items, failed, view } = await play(rig, script)
    expect(failed).toMatchObject({ type: 'UpstreamError', message: expect.stringMatching(/\w/) })
    expect(view).toMatchObject({ status: 'failed', error: failed })
    expect(items.filter((item) => isEvent(item) && item.event === 'error')).toHaveLength(1)
  })

  test('F3: and every event that had come before the break is kept', async () => {
    await using rig = await startRig()
    const read = gate()
    rig.agent.play(
      'POST /api/chat',
      raw(chunked, httpChunk(delta('kept ')), httpChunk(delta('too')), read, rst),
    )
    const stream = await rig.chat()
    await stream.atLeast(Buffer.byteLength(delta('kept ') + delta('too')))
    read.open()
    await stream.rest()
    expect(failure(stream.items)?.type).toBe('UpstreamError')
    expect(
      words((await (await rig.resume(stream.taskId)).rest()).filter((item) => item !== stream.items.at(-1))),
    ).toBe('kept too')
  })
})

describe('a failure says what it was', () => {
  test('F10: when the agent refused: its status and its own words', async () => {
    await using rig = await startRig()
    for (const status of [400, 401, 404, 429, 500, 503]) {
      const { failed } = await play(rig, json(status, { error: { message: 'the model is asleep' } }))
      expect(failed).toMatchObject({ type: 'UpstreamError' })
      expect(failed?.message).toContain(String(status))
      expect(failed?.message).toContain('the model is asleep')
    }
  })

  test('when the agent refused without a word', async () => {
    await using rig = await startRig()
    const { failed } = await play(rig, json(500, ''))
    expect(failed?.message).toContain('500')
  })

  test('F9: when nobody was there', async () => {
    await using rig = await startRig()
    await rig.agent.close()
    const stream = await rig.chat()
    expect(stream.status).toBe(200)
    expect(failure(await stream.rest())).toMatchObject({
      type: 'UpstreamError',
      message: expect.stringMatching(/\w/),
    })
    expect((await task(rig, stream.taskId)).status).toBe('failed')
  })

  test('F12: when the agent was a redirect, which is not followed', async () => {
    await using rig = await startRig()
    const elsewhere = await startUpstream({})
    const { failed } = await play(rig, json(307, {}, { location: `${elsewhere.url}/api/chat` }))
    expect(failed?.type).toBe('UpstreamError')
    expect(elsewhere.connections).toBe(0)
    await elsewhere.close()
  })

  test('F14: when the agent said something that is no HTTP', async () => {
    await using rig = await startRig()
    expect((await play(rig, raw('220 smtp ready\r\n', fin))).failed?.type).toBe('UpstreamError')
    expect((await play(rig, raw(fin))).failed?.type).toBe('UpstreamError')
  })

  test('F5: when the agent answered under a compression that nobody asked for', async () => {
    await using rig = await startRig()
    const gzip = head('200 OK', EVENTS, 'content-encoding: gzip', 'content-length: 4')
    expect((await play(rig, raw(gzip, Buffer.of(31, 139, 8, 0)))).failed?.type).toBe('UpstreamError')
  })

  test('F6: but silence is counted from the last byte, not from the first', async () => {
    await using rig = await startRig({ env: { GHOST_CHAT_TIMEOUT: '1' } })
    const drip = Array.from({ length: 12 }, () => [() => setTimeout(200), '.']).flat()
    const { failed, items } = await play(rig, sse('data: ', ...drip, '\n\n', DONE))
    expect(failed).toBeUndefined()
    expect(items).toHaveLength(2)
  })

  test.each([
    ['before its first byte', silent],
    ['after its head', raw(chunked, gate())],
    ['in mid-stream', raw(chunked, httpChunk(HI), gate())],
  ])('F8: when the agent was silent for too long %s, and its connection is closed', async (_when, script) => {
    await using rig = await startRig({ env: { GHOST_CHAT_TIMEOUT: '0.3' } })
    const { failed, view, call } = await play(rig, script)
    expect(failed).toMatchObject({ type: 'UpstreamTimeout', message: expect.stringMatching(/\w/) })
    expect(view).toMatchObject({ status: 'failed', error: { type: 'UpstreamTimeout' } })
    await call.closed
  })
})
