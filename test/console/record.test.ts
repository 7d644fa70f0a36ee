import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { withoutKey } from '../../src/console/address.ts'
import { newAnswer, readConversation, readMessage } from '../../src/console/record.ts'

describe('what storage holds', () => {
  test('comes back as it went', () => {
    const answer = newAnswer('a', 'k', 5)
    answer.task = 't'
    answer.next = 4
    answer.numbered = true
    answer.said.content = 'half an'
    answer.said.tools.push({ index: 0, id: 'c', name: 'read', args: '{}' })
    expect(readMessage(structuredClone(answer))).toEqual(answer)
    answer.ending = { kind: 'failed', type: 'UpstreamError', message: 'it broke' }
    answer.endedAt = 9
    expect(readMessage(structuredClone(answer))).toEqual(answer)
    const question = { role: 'user', id: 'q', at: 1, text: 'why' }
    expect(readMessage(question)).toEqual(question)
  })

  test('is never trusted: whatever it is, it is a message or nothing', () => {
    fc.assert(
      fc.property(fc.anything(), fc.constantFrom('user', 'assistant', 'system'), (value, role) => {
        for (const it of [
          value,
          { role, id: 'x', at: 1, said: value, key: value, next: value, ending: value, text: value },
        ]) {
          const message = readMessage(it)
          expect([undefined, 'user', 'assistant']).toContain(message?.role)
          if (message?.role === 'assistant') {
            expect(typeof message.said.content).toBe('string')
            expect(Number.isInteger(message.next) && message.next >= 0).toBe(true)
          }
          if (message?.role === 'user') expect(typeof message.text).toBe('string')
        }
        expect(() => readConversation(value)).not.toThrow()
      }),
    )
  })

  test.each([
    { said: 'damaged' },
    { said: {}, key: 'k', next: -1 },
    { said: {}, key: 'k', next: 1.5 },
    { said: {}, key: 'k' },
    { said: {}, next: 1 },
    { key: 'k', next: 1 },
  ])('an answer that cannot be read on says so instead of waiting for ever: %j', (damaged) => {
    expect(readMessage({ role: 'assistant', id: 'a', at: 1, task: 't', ...damaged })).toMatchObject({
      ending: { kind: 'interrupted' },
      task: null,
      next: 0,
    })
  })
})

describe('the key in the address', () => {
  test.each([
    ['http://x/?key=secret', 'http://x/'],
    ['http://x/?a=1&key=secret&b=2#there', 'http://x/?a=1&b=2#there'],
    ['http://x/?%6bey=secret', 'http://x/'],
    ['http://x/?key', 'http://x/'],
    ['http://x/?key=a&key=b', 'http://x/'],
  ])('%s becomes %s', (href, clean) => {
    expect(withoutKey(href)).toBe(clean)
  })

  test('an address without one is left alone', () => {
    expect(withoutKey('http://x/?monkey=1')).toBeUndefined()
  })
})
