import { describe, expect, test } from 'vitest'
import { frameReader } from '../../src/console/frames.ts'
import { hear, hearEnd, nothingSaid, type Said } from '../../src/console/said.ts'

function heard(stream: string): Said {
  const said = nothingSaid()
  const reader = frameReader((frame) => hear(said, frame, 7))
  reader.push(stream)
  reader.end()
  hearEnd(said)
  return said
}
const event = (body: unknown, name?: string) =>
  `${name ? `event: ${name}\n` : ''}data: ${typeof body === 'string' ? body : JSON.stringify(body)}\n\n`
const delta = (it: object, finish: string | null = null) =>
  event({ choices: [{ index: 0, delta: it, finish_reason: finish }] })

describe('what an agent says', () => {
  test.each<[string, string, Partial<Said>]>([
    ['a role alone says nothing', delta({ role: 'assistant', content: '' }), { content: '', firstAt: null }],
    ['no choices say nothing', event({ choices: [], usage: { total_tokens: 3 } }), { content: '' }],
    ['null beside tool calls is empty', delta({ content: null, tool_calls: [] }), { content: '' }],
    [
      'words add up',
      delta({ content: 'a' }) + delta({ content: 'b' }, 'stop'),
      { content: 'ab', finish: 'stop' },
    ],
    [
      'words in parts',
      delta({
        content: [
          { type: 'text', text: 'a' },
          { type: 'text', text: 'b' },
        ],
      }),
      { content: 'ab' },
    ],
    [
      'a picture in parts is markdown',
      delta({ content: [{ type: 'image_url', image_url: { url: 'https://x.y/z.png' } }] }),
      { content: '\n\n![image](<https://x.y/z.png>)\n\n' },
    ],
    ['reasoning of DeepSeek and vLLM', delta({ reasoning_content: 'hm' }), { reasoning: 'hm', content: '' }],
    ['reasoning of OpenRouter', delta({ reasoning: 'hm' }), { reasoning: 'hm' }],
    ['thinking of others', delta({ thinking: 'hm' }), { reasoning: 'hm' }],
    [
      'the whole answer in one piece',
      event({ choices: [{ message: { role: 'assistant', content: 'all' }, finish_reason: 'stop' }] }),
      { content: 'all', finish: 'stop' },
    ],
    [
      'Ollama’s chat',
      '{"message":{"role":"assistant","content":"a","thinking":"hm"},"done":false}\n{"message":{"content":"b"},"done":true,"done_reason":"length"}\n',
      { content: 'ab', reasoning: 'hm', done: true, finish: 'length' },
    ],
    [
      'Ollama’s generate',
      '{"response":"a","done":false}\n{"response":"b","done":true}',
      { content: 'ab', done: true },
    ],
    [
      'JSON over many lines',
      '{\n "choices": [\n {"message": {"content": "a"}}\n ]\n}\n',
      { content: 'a', loose: '' },
    ],
    ['plain text', 'just\nwords', { content: 'just\nwords\n' }],
    [
      'nothing after [DONE]',
      delta({ content: 'a' }) + event('[DONE]') + delta({ content: 'b' }),
      { content: 'a', done: true },
    ],
    [
      'text that looks like the end is text',
      delta({ content: '[DONE]' }),
      { content: '[DONE]', done: false },
    ],
    [
      'events of other names are not for this page',
      event({ choices: [{ delta: { content: 'x' } }] }, 'execute'),
      { content: '' },
    ],
    ['broken JSON is nothing', event('{"choices":[{'), { content: '' }],
    ['comments are nothing', ': ping\n\n', { content: '', firstAt: null }],
  ])('%s', (_, stream, expected) => {
    expect(heard(stream)).toMatchObject(expected)
  })

  test('tool calls in pieces, mixed, are joined by their index', () => {
    const call = (index: number, more: object, id?: string) => ({ index, ...(id && { id }), function: more })
    const said = heard(
      delta({ content: null, tool_calls: [call(0, { name: 'read', arguments: '' }, 'a')] }) +
        delta({ tool_calls: [call(1, { name: 'find', arguments: '{"q"' }, 'b')] }) +
        delta({ tool_calls: [call(0, { arguments: '{"path":' }), call(1, { arguments: ':1}' })] }) +
        delta({ tool_calls: [call(0, { arguments: '"x"}' })] }),
    )
    expect(said.tools).toEqual([
      { index: 0, id: 'a', name: 'read', args: '{"path":"x"}' },
      { index: 1, id: 'b', name: 'find', args: '{"q":1}' },
    ])
  })

  test('two calls under one index with ids of their own are two calls', () => {
    const said = heard(
      delta({ tool_calls: [{ index: 0, id: 'a', function: { name: 'read', arguments: '{}' } }] }) +
        delta({ tool_calls: [{ index: 0, id: 'b', function: { name: 'find', arguments: '{}' } }] }),
    )
    expect(said.tools.map((tool) => tool.name)).toEqual(['read', 'find'])
  })

  test('calls without index and with arguments as an object', () => {
    const said = heard(
      '{"message":{"tool_calls":[{"function":{"name":"read","arguments":{"path":"x"}}}]},"done":false}\n',
    )
    expect(said.tools).toEqual([{ index: null, id: '', name: 'read', args: '{"path":"x"}' }])
  })
})

describe('what an agent calls an error', () => {
  test.each([
    ['an object', event({ error: { message: 'no room', type: 'BufferCapExceeded' } }, 'error'), 'no room'],
    ['in mid-stream without a name', event({ error: { message: 'overloaded', code: 529 } }), 'overloaded'],
    ['a text', event('it broke', 'error'), 'it broke'],
    ['a text in JSON', event('"it broke"', 'error'), 'it broke'],
    ['a detail', event({ detail: 'not today' }, 'error'), 'not today'],
    ['a list of details', event({ detail: [{ msg: 'a' }, { msg: 'b' }] }, 'error'), 'a; b'],
    ['an error in an error', event({ error: { error: { message: 'deep' } } }, 'error'), 'deep'],
    ['an object without a message', event({ error: { status: 9 } }, 'error'), '{"status":9}'],
    ['nothing at all', event({ error: '' }, 'error'), 'the agent failed and did not say why'],
  ])('%s is a sentence for a person', (_, stream, message) => {
    expect(heard(stream).failure?.message).toBe(message)
  })

  test('nothing after it is answer', () => {
    expect(heard(delta({ content: 'a' }) + event({ error: 'x' }) + delta({ content: 'b' })).content).toBe('a')
  })

  test('an error that is null is none', () => {
    expect(heard(event({ error: null, choices: [{ delta: { content: 'a' } }] }))).toMatchObject({
      failure: null,
      content: 'a',
    })
  })
})
