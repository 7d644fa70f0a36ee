import fc from 'fast-check'
import { Lexer, type Tokens } from 'marked'
import { describe, expect, test, vi } from 'vitest'
import { Blocks } from '../../src/console/blocks.ts'

const TEXT = `# Title

A paragraph with **words**
and a second line.

- one
- two

  still two

1. first

\`\`\`ts title="x"
const a = 1

const b = 2
\`\`\`

| a | b |
|---|--:|
| 1 | 2 |

> quote

<details>

inside

</details>

Last line.`

const shape = (blocks: Blocks, text: string) =>
  blocks.update(text).map(({ key, kind, raw }) => ({ key, kind, raw: raw.trim() }))

describe('a growing text', () => {
  test('comes out as if it had come at once, however it grew', () => {
    const whole = shape(new Blocks(), TEXT)
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (steps) => {
        const blocks = new Blocks()
        let length = 0
        for (const step of steps) {
          length += step
          blocks.update(TEXT.slice(0, length))
        }
        expect(shape(blocks, TEXT)).toEqual(whole)
      }),
      { numRuns: 60 },
    )
  })

  test('keeps the blocks that can no longer change', () => {
    const blocks = new Blocks()
    const before = blocks.update('one\n\ntwo\n\nthr')
    const after = blocks.update('one\n\ntwo\n\nthree')
    expect(after[0]).toBe(before[0])
    expect(after[1]).toBe(before[1])
    expect(after[2]).not.toBe(before[2])
  })

  const items = (mark: (at: number) => string) =>
    Array.from({ length: 420 }, (_, at) => `${mark(at)} item ${at}\n`).join('')

  test.each([
    ['of dots', items(() => '-')],
    ['of numbers', items((at) => `${at + 1}.`)],
    ['that calls every item the first', items(() => '1.')],
  ])('keeps the first items of a long list %s, and counts on', (_, text) => {
    const grown = new Blocks()
    for (let length = 0; length < text.length; length += 97) grown.update(text.slice(0, length))
    for (const blocks of [grown, new Blocks()]) {
      const pieces = blocks.update(text).flatMap((block) => (block.kind === 'prose' ? [block] : []))
      expect(
        pieces
          .map(({ raw }) => raw)
          .join('')
          .trimEnd(),
      ).toBe(text.trimEnd())
      expect(pieces.map(({ goesOn }) => goesOn)).toEqual(pieces.map((_, at) => at > 0))
      const lists = pieces.flatMap(({ tokens }) => tokens as Tokens.List[])
      const counted = lists.map(({ items }) => items.length)
      expect(Math.max(...counted)).toBeLessThanOrEqual(100)
      if (text.startsWith('1'))
        expect(lists.map(({ start }) => start)).toEqual(
          counted.map((_, at) => 1 + counted.slice(0, at).reduce((sum, count) => sum + count, 0)),
        )
    }
    const before = grown.update(text)
    expect(grown.update(`${text}- more`)[0]).toBe(before[0])
  })

  test('begins anew when what was said before is taken back', () => {
    const blocks = new Blocks()
    blocks.update('thought\n\nmore\n\nand')
    expect(blocks.update('answer').map((block) => block.raw)).toEqual(['answer'])
  })

  test('knows a link whose address came earlier', () => {
    const blocks = new Blocks()
    blocks.update('[x]: https://example.com\n\nsee')
    expect(JSON.stringify(blocks.update('[x]: https://example.com\n\nsee [it][x]'))).toContain(
      '"href":"https://example.com"',
    )
  })

  test('shows code with its language while it is still open', () => {
    expect(new Blocks().update('```c++ title="x"\nint a')).toMatchObject([
      { kind: 'code', language: 'c++', text: 'int a' },
    ])
  })

  test.each([
    ['brackets', '['.repeat(100_000)],
    ['stars', '*a **a '.repeat(10_000)],
    ['stars that is not long', '*a **a'.repeat(1_650)],
    ['underscores that is not long', '_a __a'.repeat(1_650)],
    ['quotes', '> '.repeat(9_000)],
    ['underscores', '_a_a'.repeat(25_000)],
    ['brackets, one a line', '[\n'.repeat(50_000)],
    ['angles', '<'.repeat(100_000)],
    ['a fence', `\`\`\`\n${'x '.repeat(1_000_000)}`],
  ])('a flood of %s neither breaks nor blocks it', (_, flood) => {
    const blocks = new Blocks()
    const started = performance.now()
    expect(blocks.update(flood).length).toBeGreaterThan(0)
    expect(performance.now() - started).toBeLessThan(2_000)
  })

  test('what no reader would write is not lexed for long: short as it is, it has too many stars', () => {
    const lex = vi.spyOn(Lexer.prototype, 'lex')
    expect(new Blocks().update('*a **a'.repeat(1_650)).map((block) => block.kind)).toEqual(['plain'])
    expect(lex).not.toHaveBeenCalled()
    lex.mockRestore()
  })

  test.each([
    ['paragraph with much that is bold', '**some** words and *others* that are not so, '.repeat(60)],
    ['list', Array.from({ length: 2_000 }, (_, at) => `- item ${at}`).join('\n')],
    ['table', `| a |\n|---|\n${'| 1 |\n'.repeat(4_000)}`],
    ['text with long code in it', `words\n\`\`\`\n${'code\n'.repeat(9_000)}\`\`\`\nmore words`],
  ])('a long %s is still one', (_, text) => {
    expect(new Blocks().update(text).map((block) => block.kind)).not.toContain('plain')
  })

  test('is not read from its start again and again', () => {
    const lex = vi.spyOn(Lexer.prototype, 'lex')
    const blocks = new Blocks()
    const paragraph = `${'a sentence of some words. '.repeat(8)}\n\n`
    for (let count = 1; count <= 300; count += 1) blocks.update(paragraph.repeat(count))
    const read = lex.mock.calls.reduce((sum, [source]) => sum + source.length, 0)
    lex.mockRestore()
    expect(read).toBeLessThan(3 * 300 * paragraph.length)
  })
})
