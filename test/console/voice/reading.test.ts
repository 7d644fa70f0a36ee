import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Reading } from '../../../src/console/voice/reading.ts'

const read = (text: string, isOver = true) => new Reading().update(text, isOver)

describe('says what a person would read out', () => {
  test.each<[string, string, string[]]>([
    ['emphasis', 'This is **very** *nice*, __really__.', ['This is very nice, really.']],
    ['a link by its text', 'Read [the docs](https://example.com/a/b?c=d). Bye.', ['Read the docs.', 'Bye.']],
    ['a bare address by its host', 'See https://www.example.com/a/b?c=d. Bye.', ['See example.com.', 'Bye.']],
    [
      'an address that is its own link',
      '[https://example.com/x](https://example.com/x) is it.',
      ['example.com is it.'],
    ],
    ['a link with a dot inside', 'See [e.g. Chapter 2. End](u) now.', ['See e.g. Chapter 2.', 'End now.']],
    ['a picture by its description', 'Look: ![a red door](door.png) here.', ['Look: a red door here.']],
    ['no fenced code', 'Run this:\n\n```sh\nrm -rf x. Then y.\n```\n\nDone.', ['Run this:', 'Done.']],
    ['no indented code', 'Before.\n\n    int main() { return 0; }\n\nAfter.', ['Before.', 'After.']],
    [
      'a short name in code',
      'Call `read_file` on `src/main.ts` first.',
      ['Call read file on src main.ts first.'],
    ],
    ['no longer code in a line', 'Use `x = (a + b) * c;` here.', ['Use here.']],
    [
      'headings and items one by one',
      '# Title\n\n- one\n- two **bold**\n  1. inner\n\nEnd',
      ['Title', 'one', 'two bold', 'inner', 'End'],
    ],
    ['tasks without their boxes', '- [x] done it\n- [ ] still open', ['done it', 'still open']],
    ['quotes', '> Said once. Said twice.', ['Said once.', 'Said twice.']],
    [
      'a small table row by row',
      '| name | age |\n|---|---|\n| Ada | 36 |\n| Bob | |',
      ['name: Ada, age: 36', 'name: Bob'],
    ],
    ['no wide table', `|a|b|c|d|e|\n|-|-|-|-|-|\n|1|2|3|4|5|\n\nAfter.`, ['After.']],
    ['no long table', `|a|\n|-|\n${'|1|\n'.repeat(9)}\nAfter.`, ['After.']],
    ['no emoji', 'Great job 🎉👩‍👩‍👧 well done 👍🏽! 🇩🇪 1️⃣', ['Great job well done!']],
    ['but a copyright sign', '© 2024 Acme™.', ['© 2024 Acme™.']],
    ['entities', 'Tom &amp; Jerry &lt;3 &#39;cheese&#39;.', ["Tom & Jerry <3 'cheese'."]],
    ['no HTML', 'Hello <b>bold</b> there.\n\n<div>gone</div>\n\nEnd.', ['Hello bold there.', 'End.']],
    ['no rules and no formulas', 'One.\n\n---\n\n$$E = mc^2. X$$ Two.', ['One.', 'Two.']],
    ['no numbers of notes', 'It is so [1][2]. Really[^3].', ['It is so.', 'Really.']],
    ['arrows as pauses', 'File → Save → Done.', ['File, Save, Done.']],
    ['snake_case outside of code', 'Set max_size to 3.', ['Set max_size to 3.']],
    ['German', 'Das ist **z. B.** [gut](x). Am 3. Oktober.', ['Das ist z. B. gut.', 'Am 3. Oktober.']],
    ['Japanese', '**これ**は`code`です。次。', ['これはcodeです。', '次。']],
  ])('%s', (_, text, sentences) => {
    expect(read(text)).toEqual(sentences)
  })
})

describe('while it is written', () => {
  test.each<[string, string[]]>([
    ['See [the docs. They', []],
    ['See [the docs. They](https://exa', []],
    ['See `a. B', []],
    ['First. And so on `a. B', ['First.']],
    ['| a. B c d', []],
    ['| a | b |\n|---|---|\n| One. Two three |', []],
    ['A whole paragraph.\n\n', ['A whole paragraph.']],
    ['First `a. B', []],
    ['- one item\n- tw', ['one item']],
  ])('%j holds back what may turn out to be something else', (text, sentences) => {
    expect(read(text, false)).toEqual(sentences)
  })
})

const PARTS = [
  'It is 3.5 miles, e.g. Apples. Then more.',
  'See [the docs. All](https://example.com/a.b) and `x. Y z`. Fine!',
  '**Bold. Still bold** and *more. So*. ~~Gone. Yes~~ ok.',
  '- one. Two\n- three. Four **five**\n  - six',
  '1. First. Thing\n2. Second',
  '| a | b |\n|---|---|\n| One. Two | Three |',
  '```ts\nconst a = 1. Then\n```',
  'Am 3. Oktober kam Dr. Krause. Und ging z. B. Heim.',
  '今日は晴れです。明日は雨。',
  '> quoted. Words\n> go on. And on',
  '# A title. With dot',
  'Visit https://example.com/a.b?c. Now. A <b>tag. In</b> line. $$x. Y$$ End.',
  'A line\nbroken. And\nAnother 🎉. Really [1]. OK',
  'Title. Of two\n===\n',
  '[ref. One][r] and ![alt. Two](p.png). Bye.\n\n[r]: https://example.com',
]

test('what was given once stays, wherever the text is cut on its way', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...PARTS), { minLength: 1, maxLength: 5 }), (parts) => {
      const text = parts.join('\n\n')
      const all = read(text)
      const reading = new Reading()
      for (let end = 1; end <= text.length; end += 1) {
        const given = reading.update(text.slice(0, end), false)
        expect(given, JSON.stringify(text.slice(0, end))).toEqual(all.slice(0, given.length))
      }
    }),
    { numRuns: 120 },
  )
})
