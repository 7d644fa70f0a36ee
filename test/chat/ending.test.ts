import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ending, endsBlank, PING } from '../../src/gateway/chat/frames.ts'
import type { End } from '../../src/protocol.ts'
import { latin, seen } from './model.ts'
import { anyText } from './text.ts'

const text = (end: End) => ending(end)?.toString('latin1')
const message = fc.oneof(
  anyText(),
  fc
    .array(
      fc.constantFrom(
        '\n',
        '\r',
        '\n\n',
        '\u2028',
        '\u2029',
        '\0',
        '"',
        '\\',
        'data: x',
        'event: done',
        'id: 9',
        '\ud800',
      ),
    )
    .map((parts) => parts.join('')),
)
const failed = fc.record({
  reason: fc.constantFrom('failed' as const, 'truncated' as const, 'interrupted' as const),
  type: fc.constantFrom(
    'BufferCapExceeded' as const,
    'UpstreamError' as const,
    'UpstreamTimeout' as const,
    'Interrupted' as const,
  ),
  message,
})

test('an answer that is done has no mark behind it, a cancelled one has a comment', () => {
  expect(ending({ reason: 'done' })).toBeUndefined()
  expect(text({ reason: 'cancelled' })).toBe(': cancelled\n\n')
  expect(String(PING)).toBe(': ping\n\n')
})

test('a failure is told as one event with its type and its message', () => {
  const end = { reason: 'failed', type: 'UpstreamError', message: 'the agent answered 500: "no"' } as const
  expect(text(end)).toBe(
    'event: error\ndata: {"error":{"message":"the agent answered 500: \\"no\\"","type":"UpstreamError"}}\n\n',
  )
})

test('A75: nothing that a message contains can forge an event', () => {
  fc.assert(
    fc.property(failed, (end) => {
      const events = seen(`data: before\n\n${text(end)}data: after\n\n`)
      expect(events.map(({ event }) => event)).toEqual([undefined, 'error', undefined])
      const { error } = JSON.parse(events[1]?.data ?? '') as { error: { message: string; type: string } }
      expect(error).toEqual({ message: end.message, type: end.type })
    }),
    { numRuns: 300 },
  )
})

test('an event may begin behind a blank line, and behind nothing else', () => {
  const ends = fc
    .array(fc.constantFrom('\r', '\n', 'a', 'data: b'), { maxLength: 6 })
    .map((parts) => parts.join(''))
  fc.assert(
    fc.property(ends, (end) => {
      const bytes = latin(`data: a${end}`)
      const blank = /(?:\r\n|\r|\n)(?:\r\n|\n|\r)$/.test(end) && !/(?:^|[^\r\n])\r\n$/.test(end)
      expect(endsBlank(bytes)).toBe(blank)
    }),
    { numRuns: 500 },
  )
})

test('the ending is an event of its own behind whatever an answer stopped at', () => {
  const begin = fc.constantFrom(
    '',
    'data: a',
    'data: a\n\ndata: b',
    'event: x\ndata: a',
    ': c',
    '{"json":1}',
    'id: 3',
  )
  const end = fc.array(fc.constantFrom('\r', '\n', '\r\n'), { maxLength: 4 }).map((parts) => parts.join(''))
  fc.assert(
    fc.property(begin, end, failed, (head, tail, how) => {
      const said = head + tail
      const events = seen(said + (endsBlank(latin(said)) ? '' : '\n\n') + text(how))
      expect(events.at(-1)?.event).toBe('error')
      expect(JSON.parse(events.at(-1)?.data ?? '')).toEqual({
        error: { message: how.message, type: how.type },
      })
      expect(events.slice(0, -1)).toEqual(seen(`${said}\n\n`))
    }),
    { numRuns: 300 },
  )
})
