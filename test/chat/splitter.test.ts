import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Splitter } from '../../src/gateway/chat/frames.ts'
import { cutAt, inside, latin, numbered, seen, split, splitText } from './model.ts'
import { anyText } from './text.ts'

const newline = fc.constantFrom('\n', '\r', '\r\n')
/** Text of one line in bytes: ASCII, UTF-8 of all lengths, and bytes that are no UTF-8 at all. */
const words = fc
  .oneof(anyText(12), fc.constantFrom('', '[DONE]', 'ü', '→', '😀', '{"a":1}'))
  .map((text) => Buffer.from(text.replaceAll(/[\r\n\0]/g, '_')).toString('latin1'))
const line = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constantFrom('data: ', 'data:', 'data:  '), words) },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.constantFrom('event: ', 'event:', ': ', ':', 'retry: ', 'x', 'idx: '), words),
  },
  {
    weight: 1,
    arbitrary: fc.tuple(fc.constantFrom('data', 'i', 'identity: 1', ' id: 1', 'event'), fc.constant('')),
  },
)
const idLine = fc.tuple(fc.constantFrom('id: ', 'id:'), words).map((parts) => parts.join(''))
const anyLine = fc.oneof(
  { weight: 8, arbitrary: line.map((parts) => parts.join('')) },
  { weight: 1, arbitrary: fc.oneof(idLine, fc.constant('id')) },
)

/** Streams of whole events, out of lines with any newline; blank lines may stand anywhere. */
const streamOf = (lines: fc.Arbitrary<string>) => {
  const event = fc
    .tuple(
      fc.array(fc.tuple(lines, newline), { minLength: 1, maxLength: 5 }),
      fc.array(newline, { minLength: 1, maxLength: 3 }),
    )
    .map(([content, blanks]) => content.flat().join('') + blanks.join(''))
  return fc
    .tuple(
      fc.constantFrom('', '', '\xef\xbb\xbfdata: first\n\n', '\n\r\n'),
      fc.array(event, { maxLength: 8 }),
    )
    .map(([begin, events]) => `${begin}${events.join('')}:\n\n`)
}
const stream = streamOf(anyLine)
const streamWithoutIds = streamOf(line.map((parts) => parts.join('')))
/** Nothing but what the cuts depend on, whole or not. */
const soup = fc
  .array(fc.constantFrom('\r', '\n', '\r\n', 'id', ':', 'id: 7', 'a'), { maxLength: 25 })
  .map((parts) => parts.join(''))
const soupWithBom = fc.tuple(soup, soup).map((parts) => parts.join('\xef\xbb\xbf'))
const places = fc.array(fc.nat(), { maxLength: 12 })

describe('events are cut and numbered', () => {
  test('the same however the bytes were split on the way', () => {
    fc.assert(
      fc.property(fc.oneof(stream, soup, soupWithBom), places, fc.boolean(), (text, cuts, takes) => {
        const whole = split([latin(text)])
        expect(split(cutAt(latin(text), cuts), { takes })).toEqual(whole)
        expect(
          split(
            [...latin(text)].map((byte) => Uint8Array.of(byte)),
            { takes },
          ),
        ).toEqual(whole)
      }),
      { numRuns: 400 },
    )
  })

  test('as a reading of the whole text, line by line, would have them', () => {
    fc.assert(
      fc.property(fc.oneof(stream, streamWithoutIds, soup), (text) => {
        expect(splitText(text)).toEqual(numbered(text))
      }),
      { numRuns: 500 },
    )
  })

  test("so that without their id lines they are the agent's bytes", () => {
    fc.assert(
      fc.property(streamWithoutIds, places, (text, cuts) => {
        const chunks = split(cutAt(latin(text), cuts))
        const bare = chunks.map((chunk, number) => {
          const [, begin, id] = /^((?:\xef\xbb\xbf)?[\r\n]*)id: (\d+)\n/.exec(chunk) ?? []
          expect(id).toBe(String(number))
          return begin + chunk.slice(`${begin}id: ${id}\n`.length)
        })
        expect(bare.join('')).toBe(text)
      }),
      { numRuns: 300 },
    )
  })

  test('so that any client sees the same events, and the number of each', () => {
    fc.assert(
      fc.property(stream, (text) => {
        const chunks = splitText(text)
        const said = seen(text).map(({ event, data }) => ({ event, data }))
        const apart = chunks.map((chunk) => seen(chunk))
        for (const [number, events] of apart.entries()) {
          expect(events.length).toBeLessThanOrEqual(1)
          if (events[0]) expect(events[0].id).toBe(String(number))
        }
        expect(apart.flat().map(({ event, data }) => ({ event, data }))).toEqual(said)
        expect(seen(chunks.join(''))).toEqual(apart.flat())
      }),
      { numRuns: 400 },
    )
  })

  test("so that a stream that breaks off shows no event that the agent's own bytes would not show", () => {
    fc.assert(
      fc.property(stream, fc.nat(), (text, place) => {
        const cut = text.slice(0, place % (text.length + 1))
        const said = ({ event, data }: { event: string | undefined; data: string }) => ({ event, data })
        expect(seen(splitText(cut).join('')).map(said)).toEqual(seen(cut).map(said))
      }),
      { numRuns: 300 },
    )
  })
})

test('an event of 60 MB that comes in reads of 64 KB is carried, counted and given whole', () => {
  const splitter = new Splitter()
  const read = Buffer.alloc(64 << 10, 'x')
  for (let i = 1; i <= 960; i++) {
    splitter.push(read)
    expect(splitter.carried).toBe(i * read.length)
    expect(splitter.waiting).toBe(0)
  }
  splitter.push(Buffer.from('\n\n'))
  expect(splitter.carried).toBe(0)
  const batch = splitter.take()
  expect(inside(batch)?.ends).toEqual([960 * read.length + 'id: 0\n\n\n'.length])
  expect(batch?.bytes.indexOf(10, 6)).toBe(960 * read.length + 6)
})

test('what waits is counted until it is taken', () => {
  const splitter = new Splitter()
  splitter.push(Buffer.from('data: a\n\ndata: b'))
  expect([splitter.waiting, splitter.carried]).toEqual(['id: 0\ndata: a\n\n'.length, 'data: b'.length])
  expect(inside(splitter.take())).toEqual({ text: 'id: 0\ndata: a\n\n', ends: [15] })
  expect([splitter.waiting, splitter.carried]).toEqual([0, 'data: b'.length])
  expect(splitter.take()).toBeUndefined()
})

test('a batch that was taken stays as it is', () => {
  const splitter = new Splitter()
  splitter.push(Buffer.from('data: a\n\n'))
  const batch = splitter.take()
  splitter.push(Buffer.from('data: b\n\n'.repeat(1000)))
  splitter.take()
  expect(inside(batch)).toEqual({ text: 'id: 0\ndata: a\n\n', ends: [15] })
})
