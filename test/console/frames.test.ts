import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Frame, frameReader } from '../../src/console/frames.ts'

function read(...pieces: readonly string[]): Frame[] {
  const frames: Frame[] = []
  const reader = frameReader((frame) => void frames.push(frame))
  for (const piece of pieces) reader.push(piece)
  reader.end()
  return frames
}

const STREAM = [
  ': OPENROUTER PROCESSING\n\n',
  'id: 0\ndata: {"a":1}\n\n',
  'data:no space\r\nid: 1\r\n\r\n',
  'event: error\rdata: line one\rdata: line two\rid: 2\r\r',
  ': ping\n\n',
  'id: 3\n: only a comment\n\n',
  'data\nid: 4\n\n',
].join('')

describe('an event stream', () => {
  test('is read in every newline form, with comments and numbers', () => {
    expect(read(STREAM)).toEqual([
      { kind: 'comment', text: 'OPENROUTER PROCESSING' },
      { kind: 'event', id: 0, event: 'message', data: '{"a":1}' },
      { kind: 'event', id: 1, event: 'message', data: 'no space' },
      { kind: 'event', id: 2, event: 'error', data: 'line one\nline two' },
      { kind: 'comment', text: 'ping' },
      { kind: 'comment', id: 3, text: 'only a comment' },
      { kind: 'event', id: 4, event: 'message', data: '' },
    ])
  })

  test('is the same however it was split on the way', () => {
    const whole = read(STREAM)
    fc.assert(
      fc.property(fc.uniqueArray(fc.integer({ min: 1, max: STREAM.length - 1 })), (cuts) => {
        const at = [0, ...cuts.sort((a, b) => a - b), STREAM.length]
        expect(read(...at.slice(1).map((end, index) => STREAM.slice(at[index], end)))).toEqual(whole)
      }),
    )
  })

  test('drops an event that is not finished when it has numbers', () => {
    expect(read('id: 0\ndata: a\n\n', 'id: 1\ndata: half')).toEqual([
      { kind: 'event', id: 0, event: 'message', data: 'a' },
    ])
  })

  test('ignores ids that are no numbers, and fields that nobody knows', () => {
    expect(read('id: 6\ndata: a\n\nid: x9\nretry: 1\nfoo: bar\ndata: b\n\n')).toEqual([
      { kind: 'event', id: 6, event: 'message', data: 'a' },
      { kind: 'event', event: 'message', data: 'b' },
    ])
  })
})

describe('a stream that is no event stream', () => {
  test('comes as lines, the last one too', () => {
    expect(read('{"response":"a"}\n{"resp', 'onse":"b"}')).toEqual([
      { kind: 'line', text: '{"response":"a"}' },
      { kind: 'line', text: '{"response":"b"}' },
    ])
  })

  test('is not mistaken for an event where the gateway adds its pings', () => {
    expect(read('{"response":"a"}\n', ': ping\n\n', '{"response":"b"}\n')).toEqual([
      { kind: 'line', text: '{"response":"a"}' },
      { kind: 'comment', text: 'ping' },
      { kind: 'line', text: '{"response":"b"}' },
    ])
  })
})
