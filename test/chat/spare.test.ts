import { expect, test } from 'vitest'
import { Splitter } from '../../src/gateway/chat/frames.ts'
import { borrow, giveBack } from '../../src/gateway/chat/spare.ts'

test('nobody is lent what somebody else has, and it is lent again when it was given back', () => {
  const first = borrow(10)
  const second = borrow(10)
  expect(second.buffer).not.toBe(first.buffer)
  expect(second.length).toBeLessThan(first.length)
  giveBack(second)
  expect(borrow(10).buffer).not.toBe(first.buffer)
  giveBack(first)
  expect(borrow(10)).toBe(first)
  giveBack(first)
})

test('more than it holds is had all the same', () => {
  const one = borrow(10)
  giveBack(one)
  expect(borrow(one.length + 1).length).toBeGreaterThan(one.length)
  expect(borrow(10)).toBe(one)
  giveBack(one)
})

test.each([
  [
    'taken and given back',
    (splitter: Splitter) => {
      splitter.take()
      splitter.release()
    },
  ],
  ['taken and never given back', (splitter: Splitter) => void splitter.take()],
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
