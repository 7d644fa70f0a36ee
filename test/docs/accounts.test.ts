import { describe, expect, test } from 'vitest'
import { read } from './pages.ts'

interface Accounts {
  readonly ACCOUNTS: readonly { readonly page: string; readonly letter: string; readonly count: number }[]
  readonly EXCUSE: string
  readonly OPEN: string
  numbersIn(text: string): string[]
  holders(): Map<string, ReadonlySet<string>>
  filled(page: string, text: string, found: Map<string, ReadonlySet<string>>): string
  renewed(page: string, text: string, readme: string): string
}

const path = '../../scripts/accounts.mjs'
const { ACCOUNTS, EXCUSE, OPEN, numbersIn, holders, filled, renewed } = (await import(path)) as Accounts

/** Lines that nothing holds yet. They may become fewer only. */
const STILL_OPEN: Readonly<Record<string, number>> = {
  F: 0,
  A: 0,
}

const rowsOf = (text: string) =>
  [...text.matchAll(/^\| ([FA]\d+) \| (.*) \| ([^|]*) \|$/gm)].map(
    ([, number = '', words = '', by = '']) => ({
      number,
      words,
      by,
    }),
  )

describe.each(ACCOUNTS)('$page', ({ page, letter, count }) => {
  const rows = rowsOf(read(page))

  test('has every line once, in order, with words of its own', () => {
    const expected = Array.from({ length: count }, (_, i) => `${letter}${i + 1}`)
    expect(rows.map(({ number }) => number)).toEqual(expected)
    expect(rows.filter(({ words }) => words.trim().length < 20)).toEqual([])
  })

  test('says of every line which tests hold it, as their titles give it: node scripts/accounts.mjs', () => {
    expect(read(page)).toBe(renewed(page, read(page), read('README.md')))
  })

  test('leaves no line open that was held, and gives a reason with every excuse', () => {
    const open = rows.filter(({ by }) => by === OPEN).map(({ number }) => number)
    expect(open.length, open.join(' ')).toBeLessThanOrEqual(STILL_OPEN[letter] ?? 0)
    const excuses = rows.filter(({ by }) => by.startsWith(EXCUSE))
    expect(excuses.filter(({ by }) => by.length < EXCUSE.length + 20)).toEqual([])
  })
})

test('no title carries a number that there is not', () => {
  const known = ACCOUNTS.flatMap(({ letter, count }) =>
    Array.from({ length: count }, (_, i) => `${letter}${i + 1}`),
  )
  expect([...holders().keys()].filter((number) => !known.includes(number))).toEqual([])
})

describe('a number', () => {
  test.each([
    ["test('F1: one', () => {})", ['F1']],
    ["test('F1, A20: two', () => {})", ['F1', 'A20']],
    ["describe('A7: a group', () => {})", ['A7']],
    ["['F12: a row', 1],", ['F12']],
    ['test(`F3: in a template`, () => {})', ['F3']],
    ["test.skip('F1: not now', () => {})", []],
    ["test.todo('F1: later')", []],
    ["// F1: in a comment\ntest('as F2: does')", []],
  ])('of %j is %j', (text, numbers) => {
    expect(numbersIn(text)).toEqual(numbers)
  })

  test('that is held becomes links, one that is excused keeps its words, and the rest is open', () => {
    const text = ['| F1 | a | open |', '| F2 | b | Not here: c |', '| F3 | d | gone |', 'F4'].join('\n')
    const found = new Map([['F1', new Set(['test/faults/a.test.ts', 'test/store/promises/b.ts'])]])
    expect(filled('docs/x.md', text, found).split('\n')).toEqual([
      '| F1 | a | [`faults/a`](../test/faults/a.test.ts), [`store/promises/b`](../test/store/promises/b.ts) |',
      '| F2 | b | Not here: c |',
      '| F3 | d | open |',
      'F4',
    ])
  })
})
