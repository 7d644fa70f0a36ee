import { describe, expect, test } from 'vitest'
import { LogRing, readLines, stepOf } from '../../src/console/logring.ts'

const line = (content: string, is_error = false) => ({ content, is_error })
const contents = (ring: LogRing) => ring.lines.map(({ content }) => content)

describe('the log ring', () => {
  test('keeps the newest 20,000 lines, in whole pages', () => {
    const ring = new LogRing()
    for (let from = 0; from < 21_000; from += 700)
      ring.add(Array.from({ length: 700 }, (_, at) => line(`${from + at}`)))
    expect(contents(ring)).toHaveLength(20_000)
    expect(ring.count).toBe(20_000)
    expect(contents(ring)[0]).toBe('1000')
    expect(contents(ring).at(-1)).toBe('20999')
  })

  test('keeps fewer when they are long', () => {
    const ring = new LogRing()
    for (let page = 0; page < 100; page += 1)
      ring.add(Array.from({ length: 50 }, () => line('x'.repeat(4_000))))
    expect(ring.count).toBe(1_500)
  })

  test('replaces only the page that grew', () => {
    const ring = new LogRing()
    ring.add(Array.from({ length: 120 }, (_, number) => line(`${number}`)))
    const before = ring.pages
    ring.add([line('more')])
    expect(ring.pages.map((page, at) => page === before[at])).toEqual([true, true, false])
    expect(ring.pages.map((page) => page.lines.length)).toEqual([50, 50, 21])
  })

  test('does not tell twice what a new connection repeats', () => {
    const ring = new LogRing()
    ring.add(['a', 'b', 'c'].map((it) => line(it)))
    ring.addAfterGap(['b', 'c', 'd'].map((it) => line(it)))
    expect(contents(ring)).toEqual(['a', 'b', 'c', 'd'])
    ring.addAfterGap(['d'].map((it) => line(it)))
    expect(contents(ring)).toEqual(['a', 'b', 'c', 'd'])
    ring.addAfterGap(['x', 'd'].map((it) => line(it)))
    expect(contents(ring)).toEqual(['a', 'b', 'c', 'd', 'x', 'd'])
  })

  test('numbers every line once, also after it was cleared', () => {
    const ring = new LogRing()
    ring.add([line('a'), line('b')])
    ring.clear()
    ring.add([line('c')])
    expect(ring.lines.map(({ number }) => number)).toEqual([3])
  })
})

describe('a message of the socket', () => {
  test('is one line or many', () => {
    expect(readLines('{"type":"log","content":"a","is_error":true}')).toEqual([line('a', true)])
    expect(
      readLines('{"type":"logs","lines":[{"content":"a","is_error":false},{"content":"b","is_error":true}]}'),
    ).toEqual([line('a'), line('b', true)])
  })

  test.each([
    '',
    'null',
    '[]',
    '{"type":"logs"}',
    '{"type":"other","content":"a"}',
    '{"type":"log","content":5}',
    'not json',
  ])('%j holds none', (message) => {
    expect(readLines(message)).toEqual([])
  })

  test('loses its terminal commands, and hidden characters show', () => {
    const content =
      '\u001b[31mred\u001b[0m \u001b]8;;javascript:alert(1)\u0007link\u001b]8;;\u0007 a\u202eb\u200bc'
    expect(readLines(JSON.stringify({ type: 'log', content, is_error: '<b>' }))).toEqual([
      line('red link a⟨U+202E⟩b⟨U+200B⟩c'),
    ])
  })
})

describe('what the agent does', () => {
  test.each([
    ['2025-11-22 10:00:13.456 [a1b2c3d4] 📖 READING : notes.md', 'reading · notes.md'],
    ['2025-11-22T10:00:13Z INFO: fetching the page', 'fetching the page'],
    ['plain words', 'plain words'],
    ['2025-11-22 10:00:13.456 [a1b2c3d4] 🧠 TURN BEGINS', 'turn begins'],
  ])('%s', (content, step) => {
    expect(stepOf(content)).toBe(step)
  })
})
