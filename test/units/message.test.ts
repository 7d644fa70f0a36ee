import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { messageOf } from '../../src/gateway/refusal.ts'
import { anyText } from '../chat/text.ts'

const HTML = `<!doctype html>
<html><head><title>502 Bad Gateway</title></head>
<body><h1>502 Bad Gateway</h1><hr>nginx</body></html>`

describe('the message of an error body', () => {
  test.each<[string, string, string]>([
    ['{error}', '{"error":"no"}', 'no'],
    ['{error: {message}}', '{"error":{"message":"no","type":"x","code":5}}', 'no'],
    ['{message}', '{"message":"no"}', 'no'],
    ['{detail}', '{"detail":"no"}', 'no'],
    ['{detail: [{msg}]}', '{"detail":[{"loc":["body"],"msg":"one"},{"msg":"two"}]}', 'one; two'],
    ['{error: true, message}', '{"error":true,"message":"no"}', 'no'],
    ['{error: {}, detail}', '{"error":{},"detail":"no"}', 'no'],
    ['{error: ""}, then message', '{"error":"  ","message":"no"}', 'no'],
    ['{error: {error: {message}}}', '{"error":{"error":{"message":"no"}}}', 'no'],
    ['[{message}]', '[{"message":"no"}]', 'no'],
    ['a JSON string', '"no"', 'no'],
    ['text', 'no', 'no'],
    ['text of many lines', '  no\r\n\n  more\t', 'no more'],
    ['HTML', HTML, '502 Bad Gateway 502 Bad Gateway nginx'],
    ['broken JSON', '{"error":"no', '{"error":"no'],
    ['JSON that says nothing', '{"code":7}', '{"code":7}'],
    ['a number', '42', '42'],
    ['UTF-8', '{"error":"nö → 😀"}', 'nö → 😀'],
  ])('is found in %s', (_, body, message) => {
    expect(messageOf(body)).toBe(message)
  })

  test.each(['', ' \r\n\t ', '<html></html>', '<br>\n<br>'])('is empty when there is none: %j', (body) => {
    expect(messageOf(body)).toBe('')
  })

  test.each<[string, string]>([
    ['arrays', '['.repeat(32_000) + ']'.repeat(32_000)],
    ['errors', `${'{"error":'.repeat(20_000)}1${'}'.repeat(20_000)}`],
    ['tags that never close', '<'.repeat(65_536)],
  ])('A108: is found, or not, without end or effort in a body of nothing but %s', (_, body) => {
    expect(messageOf(body).length).toBeLessThanOrEqual(400)
  })

  test('is never cut within a character', () => {
    expect(messageOf(`${'x'.repeat(399)}😀`)).toBe('x'.repeat(399))
  })

  test('has at most 400 characters', () => {
    const long = 'x'.repeat(1000)
    for (const body of [long, JSON.stringify({ error: long }), JSON.stringify(long), `<p>${long}</p>`])
      expect(messageOf(body)).toBe('x'.repeat(400))
    expect(messageOf(JSON.stringify({ detail: Array(100).fill({ msg: 'twelve chars' }) }))).toHaveLength(400)
  })

  test('is at most 400 characters of text, whatever the body is', () => {
    const body = fc.oneof(
      anyText(),
      fc.json(),
      fc.jsonValue().map((error) => JSON.stringify({ error })),
    )
    fc.assert(
      fc.property(body, (given) => {
        const message = messageOf(given)
        expect(message.length).toBeLessThanOrEqual(400)
        if (/^[\w ]*\w[\w ]*$/.test(given)) expect(message).not.toBe('')
      }),
      { numRuns: 60 },
    )
  })
})
