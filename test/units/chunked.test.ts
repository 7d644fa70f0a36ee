import { expect, test } from 'vitest'
import { framed } from '../../src/gateway/chat/chunked.ts'

const LENGTHS = [1, 9, 10, 15, 16, 17, 255, 256, 4095, 4096, 8191, 8192]

test.each(LENGTHS)('a piece of %i bytes has its length before it and a line end behind it', (length) => {
  const bytes = Buffer.alloc(length, 'x')
  expect(framed(bytes)?.toString('latin1')).toBe(`${length.toString(16)}\r\n${bytes.toString('latin1')}\r\n`)
})

test('nothing is no piece, since it would end the body, and a large one is not copied', () => {
  expect(framed(Buffer.alloc(0))).toBeUndefined()
  expect(framed(Buffer.alloc(8193))).toBeUndefined()
})
