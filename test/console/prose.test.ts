import { describe, expect, test } from 'vitest'
import { takeApart } from '../../src/console/prose.ts'

describe('reasoning in the text', () => {
  test.each([
    ['a closed block', '<think>hm</think>\nyes', 'yes', 'hm'],
    ['an unclosed block', '<think>hm, let me', '', 'hm, let me'],
    ['the longer tag', '<thinking>hm</thinking>yes', 'yes', 'hm'],
    ['a block in the middle', 'one <think>hm</think>two', 'one two', 'hm'],
    ['two blocks', '<think>a</think>one\n<think>b</think>two', 'one\ntwo', 'a\n\nb'],
    ['a closing tag alone on its line', 'hm\nlet me\n</think>\n\nyes', 'yes', 'hm\nlet me'],
    ['a closing tag after the last word', 'hm, so yes.</think>\n\nyes', 'yes', 'hm, so yes.'],
    ['a closing tag between two words', 'hm, let me</think>yes', 'yes', 'hm, let me'],
    ['none', 'a < b and <b>', 'a < b and <b>', ''],
  ])('%s', (_, content, text, reasoning) => {
    expect(takeApart(content, false)).toMatchObject({ text, reasoning })
  })

  test.each([
    ['a fence', '```xml\n<think>not hidden</think>\n```\nafter'],
    ['a fence of tildes', '~~~\n</think>\n\n~~~\n'],
    ['a fence in a list', '- see\n  ```\n  <think>\n  ```\n'],
    ['a fence that is still open', '```\n<think>\nmore'],
    ['a code span', 'write `<think>` first'],
    ['a code span of two', 'write ``a ` <think>`` first'],
    ['a mention of the closing tag in a line', 'the tag </think> closes it'],
  ])('%s stays as it is', (_, content) => {
    expect(takeApart(content, false)).toMatchObject({ text: content, reasoning: '' })
  })

  test('a lone backtick does not hide what comes in the next paragraph', () => {
    expect(takeApart('it`s so\n\n<think>hm</think>yes', false).reasoning).toBe('hm')
  })

  test('the beginning of a tag never flashes while the answer is written', () => {
    const content = 'a <think>hm</think> b <tool_call>{"name":"read"}</tool_call> c'
    for (let length = 0; length <= content.length; length += 1) {
      const { text, reasoning } = takeApart(content.slice(0, length), true)
      expect(text + reasoning).not.toMatch(/[<>{]/)
    }
    expect(takeApart('a <', false).text).toBe('a <')
  })
})

describe('tool calls in the text', () => {
  test('become rows', () => {
    const { text, calls } = takeApart(
      'on it\n<tool_call>\n{"name":"read","arguments":{"path":"x"}}\n</tool_call>\n',
      false,
    )
    expect(text).toBe('on it\n\n')
    expect(calls).toEqual([{ name: 'read', args: '{"path":"x"}', open: false }])
  })

  test('show their name before they are whole', () => {
    expect(takeApart('<tool_call>{"name":"read","argum', true).calls).toEqual([
      { name: 'read', args: '', open: true },
    ])
  })

  test('in a fence are text', () => {
    expect(takeApart('```\n<tool_call>{}</tool_call>\n```', false).calls).toEqual([])
  })
})
