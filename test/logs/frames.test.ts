import { expect, test } from 'vitest'
import { batchFrames, lineFrames, logLine, MESSAGE_BYTES, textFrames } from '../../src/gateway/logs/frames.ts'
import { framesOf } from './roomrig.ts'

test('frames messages of every length as the standard says', () => {
  const lengths = [0, 1, 125, 126, 127, 65_535, 65_536, 70_000]
  const bytes = textFrames(lengths.map((length) => 'x'.repeat(length)))
  const frames = framesOf(bytes)
  expect(frames.map(({ payload }) => payload.length)).toEqual(lengths)
  expect(frames.every(({ opcode }) => opcode === 1)).toBe(true)
  expect(bytes.length).toBe(2 + 3 + 127 + 130 + 131 + 65_539 + 65_546 + 70_010)
  const head = (length: number, bytes: number) => [...textFrames(['x'.repeat(length)]).subarray(0, bytes)]
  expect(head(125, 2)).toEqual([0x81, 125])
  expect(head(126, 4)).toEqual([0x81, 126, 0, 126])
  expect(head(65_535, 4)).toEqual([0x81, 126, 255, 255])
  expect(head(65_536, 10)).toEqual([0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0])
})

test('counts a message in bytes, not in characters', () => {
  const frames = framesOf(textFrames(['ü'.repeat(63), '🌍', 'a']))
  expect(frames.map(({ payload }) => payload.toString())).toEqual(['ü'.repeat(63), '🌍', 'a'])
})

test('calls a line an error when it says ERROR or Exception, in just this spelling', () => {
  const errors = ['ERROR: no', 'x ERRORS', 'java.lang.NullPointerException']
  const others = ['error', 'exception', 'EXCEPTION', 'ER ROR', '']
  expect(errors.map((line) => logLine(line).is_error)).toEqual([true, true, true])
  expect(others.map((line) => logLine(line).is_error)).toEqual(others.map(() => false))
})

test('makes each line a message of its own', () => {
  const messages = parsed(lineFrames([logLine('a "quoted"\ttab\u0001'), logLine('ERROR b')]))
  expect(messages).toEqual([
    { type: 'log', content: 'a "quoted"\ttab\u0001', is_error: false },
    { type: 'log', content: 'ERROR b', is_error: true },
  ])
})

test('puts many lines into a message, none lost between two, none of them monstrous', () => {
  const lines = Array.from({ length: 5_000 }, (_, i) => logLine(`line ${i} ${'ü'.repeat(i % 90)}`))
  const frames = framesOf(batchFrames(lines))
  expect(frames.length).toBeGreaterThan(5)
  expect(Math.max(...frames.map(({ payload }) => payload.length))).toBeLessThanOrEqual(MESSAGE_BYTES)
  expect(Math.min(...frames.slice(0, -1).map(({ payload }) => payload.length))).toBeGreaterThan(
    MESSAGE_BYTES - 400,
  )
  const messages = parsed(batchFrames(lines)) as { type: string; lines: unknown[] }[]
  expect(messages.flatMap((message) => message.lines)).toEqual(lines)
  expect(new Set(messages.map(({ type }) => type))).toEqual(new Set(['logs']))
})

test('gives a line that is longer than a message should be a message to itself', () => {
  const long = logLine('\u0001'.repeat(16_384))
  const messages = parsed(batchFrames([long, logLine('a'), long, long, logLine('b')]))
  expect(messages).toEqual([
    { type: 'logs', lines: [long] },
    { type: 'logs', lines: [logLine('a')] },
    { type: 'logs', lines: [long] },
    { type: 'logs', lines: [long] },
    { type: 'logs', lines: [logLine('b')] },
  ])
})

function parsed(bytes: Buffer): unknown[] {
  return framesOf(bytes).map(({ payload }) => JSON.parse(payload.toString()))
}
