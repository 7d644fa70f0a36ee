import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Completeness } from '../../src/gateway/chat/completeness.ts'
import { cutAt } from './model.ts'
import { anyText } from './text.ts'

function complete(reads: readonly Uint8Array[]): boolean {
  const completeness = new Completeness()
  for (const read of reads) completeness.see(Buffer.from(read))
  return completeness.complete
}

const delta = (content: string, finish: string | null = null) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason: finish }] })}\n\n`
const begin = delta('hello')

const SIGNS = [
  'data: [DONE]\n\n',
  'data: [DONE]\r\n\r\n',
  'data: [DONE]\r\r',
  'data:[DONE]\n\n',
  'data: [DONE] \t\n\n',
  'data: [DONE]',
  'data: [DONE]\n',
  delta('', 'stop'),
  delta('', 'length'),
  'data: {"choices":[{"finish_reason" : "tool_calls"}]}\n\n',
  'data: {"finish_reason":"stop"',
]

describe('an answer said that it is over', () => {
  test.each(SIGNS)('with %j, wherever its bytes were split', (sign) => {
    for (const head of ['', begin, `: comment\r\n\r\n${begin}`]) {
      const bytes = Buffer.from(head + sign)
      expect(complete([bytes])).toBe(true)
      for (let at = head.length; at <= bytes.length; at++)
        expect(complete([bytes.subarray(0, at), bytes.subarray(at)])).toBe(true)
      expect(complete([...bytes].map((byte) => Uint8Array.of(byte)))).toBe(true)
    }
  })

  test('and nothing behind the sign takes it back', () => {
    expect(
      complete([`${begin}${delta('', 'stop')}${delta('more')}`, '\n'].map((text) => Buffer.from(text))),
    ).toBe(true)
    const usage = 'data: {"usage":{"total_tokens":1}}\n\n'.repeat(100)
    expect(complete([Buffer.from(`${begin}data: [DONE]\n\n`), Buffer.from(usage)])).toBe(true)
  })
})

describe('an answer said nothing of the kind', () => {
  test.each([
    '',
    begin,
    delta('', null),
    'data: [DONE',
    'data: [DONE]!',
    'data: [done]\n\n',
    'event: x[DONE]\n\n',
    ': data: [DONE]\n\n',
    'xdata: [DONE]\n\n',
    'data: x [DONE]\n\n',
    'data: {"finish_reason":null}\n\n',
    'data: {"finish_reason":""}\n\n',
    'data: {"finish_reason"',
    'data: {"finish_reason":',
  ])('with %j', (text) => {
    expect(complete([Buffer.from(begin + text)])).toBe(false)
    expect(complete([...Buffer.from(begin + text)].map((byte) => Uint8Array.of(byte)))).toBe(false)
  })

  const words = fc.oneof(
    anyText(),
    fc
      .array(
        fc.constantFrom(
          '"',
          '\\',
          '\n',
          '\r',
          '\u2028',
          'finish_reason',
          ':',
          ' ',
          'stop',
          'data: [DONE]',
          'data:[DONE]',
          '{',
          '}',
        ),
        { maxLength: 30 },
      )
      .map((parts) => parts.join('')),
    fc.constantFrom('"finish_reason":"stop"', '\n\ndata: [DONE]\n\n', '\\"finish_reason":"', 'data: [DONE]'),
  )
  test('A77: with whatever the model may say, wherever its bytes were split', () => {
    fc.assert(
      fc.property(
        fc.array(words, { minLength: 1, maxLength: 4 }),
        fc.array(fc.nat(), { maxLength: 8 }),
        (said, cuts) => {
          const bytes = Buffer.from(said.map((text) => delta(text)).join(''))
          expect(complete(cutAt(bytes, cuts))).toBe(false)
        },
      ),
      { numRuns: 500 },
    )
  })
})
