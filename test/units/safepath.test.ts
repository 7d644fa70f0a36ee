import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { safePath } from '../../src/gateway/safepath.ts'
import { anyText } from '../chat/text.ts'

const PREFIX = '/api/download/'
const path = (raw: string) => safePath(PREFIX + raw, PREFIX)
const refused = (raw: string) => {
  expect(() => path(raw), raw).toThrow(expect.objectContaining({ code: 'invalid_path', status: 400 }))
}

/** Every byte as `%xx`, so often. */
function encoded(text: string, times: number): string {
  const once = [...Buffer.from(text)].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('')
  return times <= 1 ? once : encoded(once, times - 1)
}
const upper = (text: string) => text.replaceAll(/%[\da-f]{2}/g, (byte) => byte.toUpperCase())

const ATTACKS = [
  ['a parent', '../secret'],
  ['a parent in the middle', 'a/../secret'],
  ['a parent at the end', 'a/..'],
  ['the parent alone', '..'],
  ['the directory itself', '.'],
  ['a dot segment', 'a/./b'],
  ['an absolute path', '/etc/passwd'],
  ['an empty segment', 'a//b'],
  ['a directory', 'a/'],
  ['a backslash', 'a\\b'],
  ['a parent by backslash', '..\\secret'],
  ['a drive', 'C:/windows'],
  ['a drive by backslash', 'c:\\windows'],
  ['a network share', '\\\\host\\share'],
  ['NUL', 'a\0.txt'],
  ['a line feed', 'a\nb'],
  ['a carriage return', 'a\rb'],
  ['DEL', 'a\x7fb'],
] as const

describe('A63: a path that leaves the workspace is refused', () => {
  test.each(ATTACKS)('%s, in any encoding', (_, attack) => {
    refused(attack)
    for (const times of [1, 2, 3, 4]) {
      refused(encoded(attack, times))
      refused(upper(encoded(attack, times)))
    }
    refused(encodeURIComponent(attack))
    refused(`good/${encoded('../', 1)}${attack}`)
  })

  test.each([
    '%2e%2e/x',
    '.%2e/x',
    '%2E./x',
    'a/%2e%2e%2fx',
    'a/..%2fx',
    'a%2f..%2f..%2fx',
    'a%2f%2fx',
    '%2fetc/passwd',
    '..%5cx',
    'a%5c..%5cx',
    '%5c%5chost%5cshare',
    'C%3a/x',
    'a%00.txt',
    'a%0d%0aSet-Cookie:x',
    '%252e%252e%252fx',
    '..%252fx',
    'a/%252e%252e/x',
    '%25252e%25252e/x',
    'a%2500',
    'a%255cb',
    '%252fetc',
    '',
    '%2e',
    'a/%2e/b',
    'a/?x',
    '..?x=/a',
  ])('%s', refused)

  test.each(['%', '%2', '%zz', 'a%c0%ae%c0%aeb', '%ff', '%c3', '%ed%a0%80'])(
    'and so is what is no text: %s',
    refused,
  )

  test.each([
    '/api/download',
    '/api/upload/x',
    '/API/download/x',
    '/api/%64ownload/x',
    'http://host/api/download/x',
    '',
  ])('and so is another target: %s', (target) => {
    expect(() => safePath(target, PREFIX)).toThrow(expect.objectContaining({ code: 'invalid_path' }))
  })
})

test('a percent sign that encodes nothing hides nothing from a lenient decoder', () => {
  refused('x%25/%252e%252e/%252e%252e/etc/passwd')
  refused('%25zz/%252e%252e/a')
})

test('A63: a name that is encoded without end is refused', () => {
  for (const times of [2, 4, 6, 7, 8, 12])
    refused(encoded('../x', Math.min(times, 4)).replaceAll('%', `%${'25'.repeat(times)}`))
})

describe('a good name is kept', () => {
  test.each([
    ['a.txt', 'a.txt'],
    ['a..b.txt', 'a..b.txt'],
    ['..a', '..a'],
    ['a..', 'a..'],
    ['...', '...'],
    ['.hidden', '.hidden'],
    ['a/b/c', 'a/b/c'],
    ['a%2fb', 'a/b'],
    ['a%20b', 'a%20b'],
    ['%c3%bc%e2%86%92%f0%9f%98%80', '%C3%BC%E2%86%92%F0%9F%98%80'],
    ['100%25', '100%25'],
    ['100%25.txt', '100%25.txt'],
    ['50%2525', '50%2525'],
    ['a%3fb%23c', 'a%3Fb%23c'],
    ['a+b&c=d', 'a%2Bb%26c%3Dd'],
    ['12%3a30', '12%3A30'],
    ["it's (1)!*~", "it's%20(1)!*~"],
    ['a.txt?version=../../x', 'a.txt'],
    ['a.txt?', 'a.txt'],
  ])('%s', (raw, safe) => {
    expect(path(raw)).toBe(safe)
  })

  test('whatever it is made of, byte for byte', () => {
    const name = fc
      .string({ unit: 'grapheme', minLength: 1, maxLength: 20 })
      .filter((text) => !/[\x00-\x1f\x7f\\/%]|^[a-z]:/i.test(text) && text !== '.' && text !== '..')
    fc.assert(
      fc.property(fc.array(name, { minLength: 1, maxLength: 5 }), (names) => {
        const raw = names.map(encodeURIComponent).join('/')
        expect(path(raw).split('/').map(decodeURIComponent)).toEqual(names)
      }),
      { numRuns: 150 },
    )
  })
})

test('A63: whatever comes through has only segments that stay where they are, however it is decoded', () => {
  const piece = fc.constantFrom(
    '.',
    '..',
    '/',
    '\\',
    '%',
    '2e',
    '2f',
    '5c',
    '25',
    '00',
    'a',
    '%2e',
    '%2f',
    '%25',
    ':',
    '?',
    '%c3%bc',
  )
  const raw = fc.oneof(
    fc.array(piece, { maxLength: 12 }).map((parts) => parts.join('')),
    anyText(),
  )
  fc.assert(
    fc.property(raw, (given) => {
      let safe: string
      try {
        safe = path(given)
      } catch (error) {
        expect(error).toMatchObject({ code: 'invalid_path' })
        return
      }
      expect(safe).toMatch(/^[\w\-.!~*'()%/]+$/)
      for (const segment of safe.split('/')) {
        const name = decodeURIComponent(segment)
        expect(['', '.', '..']).not.toContain(name)
        expect(name).not.toMatch(/[\x00-\x1f\x7f\\/]/)
      }
    }),
    { numRuns: 600 },
  )
})
