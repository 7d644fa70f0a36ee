import { expect, test, vi } from 'vitest'
import { Splitter } from '../../src/gateway/chat/frames.ts'
import { Pour, type PourOptions } from '../../src/gateway/chat/pour.ts'
import { borrow, giveBack, type Room, roomFor } from '../../src/gateway/chat/spare.ts'
import type { Flow, Sink } from '../../src/gateway/upstream.ts'

test('nobody is lent what somebody else has, and it is lent again when it was given back', () => {
  const first = borrow(10)
  const second = borrow(10)
  expect(second).not.toBe(first)
  expect(second.bytes.length).toBeLessThan(first.bytes.length)
  giveBack(second)
  expect(borrow(10)).not.toBe(first)
  giveBack(first)
  expect(borrow(10)).toBe(first)
  giveBack(first)
})

test('more than it holds is had all the same', () => {
  const one = borrow(10)
  giveBack(one)
  expect(borrow(one.bytes.length + 1).bytes.length).toBeGreaterThan(one.bytes.length)
  expect(borrow(10)).toBe(one)
  giveBack(one)
})

test.each([
  [
    'taken and given back',
    (splitter: Splitter) => {
      giveBack(splitter.take() as Room)
    },
  ],
  ['never taken', () => {}],
])('a stream that ends keeps no room: what it had was %s', (_, act) => {
  const one = borrow(10)
  giveBack(one)
  const splitter = new Splitter()
  splitter.push(Buffer.from('data: a\n\n'))
  act(splitter)
  splitter.close()
  expect(borrow(10)).toBe(one)
  giveBack(one)
})

test('what outgrows its room is all there, with its ends, and the room is free again', () => {
  const one = borrow(10)
  giveBack(one)
  const pieces = Array.from({ length: 9 }, (_, n) => Buffer.alloc(100_000, n))
  let room: Room | undefined
  for (const piece of pieces) {
    room = roomFor(room, piece.length)
    room.lay(piece, 0, piece.length)
    room.cut()
  }
  expect(room?.bytes.subarray(0, room.used).equals(Buffer.concat(pieces))).toBe(true)
  expect(room?.ends.slice(0, room.count)).toEqual(pieces.map((_, n) => (n + 1) * 100_000))
  expect(borrow(10)).toBe(one)
  giveBack(one)
})

test('a store that throws keeps no room', async () => {
  const one = borrow(10)
  giveBack(one)
  const failed = vi.fn()
  const agent = {
    open: (_: unknown, sink: Sink) => feed(sink),
    fault: (_: string, say: string) => new Error(say),
  }
  const store = {
    append() {
      throw new Error('broken')
    },
  }
  const options = {
    store,
    agent,
    id: 'a',
    call: {},
    eventBytes: 1000,
    onFirstByte() {},
    onStoreFailure: failed,
  }
  await new Pour(options as unknown as PourOptions).over
  expect(failed).toHaveBeenCalledOnce()
  expect(borrow(10)).toBe(one)
  giveBack(one)
})

test('a table of very many ends is not kept', () => {
  const room = borrow(10)
  for (let n = 0; n < 20_000; n++) room.cut()
  giveBack(room)
  expect(room.ends.length).toBeLessThan(1_000)
  expect(borrow(10)).toBe(room)
  giveBack(room)
})

/** An agent that says one word, in a moment. */
function feed(sink: Sink): Flow {
  queueMicrotask(() => sink.data(Buffer.from('data: a\n\n')))
  return { pause() {}, resume() {}, abort() {} }
}
