import { expect, test } from 'vitest'
import { errorWords, plainSpeech } from '../../src/agent/dialect.ts'

/** What comes out when the bytes come in pieces of that size. */
async function spoken(text: string, size = 1_000_000, limitBytes?: number): Promise<readonly unknown[]> {
  const bytes = new TextEncoder().encode(text)
  const pieces = new ReadableStream<Uint8Array>({
    start(sink) {
      for (let at = 0; at < bytes.length; at += size) sink.enqueue(bytes.slice(at, at + size))
      sink.close()
    },
  })
  let out = ''
  for await (const part of pieces.pipeThrough(plainSpeech(limitBytes))) out += new TextDecoder().decode(part)
  const events = out.split('\n\n').filter(Boolean)
  return events.map((event) => (event === 'data: [DONE]' ? 'done' : JSON.parse(event.slice('data: '.length))))
}

const delta = (content: object, finish: string | null = null) => ({
  choices: [{ index: 0, delta: content, finish_reason: finish }],
})
const HEARD = [delta({ content: 'grüße 👻' }), delta({}, 'stop'), 'done']

test('hears the same in every newline form and however the bytes are split', async () => {
  const lines = [
    ': OPENROUTER PROCESSING',
    '',
    'event: message',
    'data: {"choices":[{"index":0,',
    'data:"delta":{"role":"assistant","content":"grüße 👻"}}]}',
    '',
    'data:{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}',
    'id: 7',
    '',
    'data: [DONE]',
    '',
    '',
  ]
  for (const newline of ['\n', '\r\n', '\r'])
    for (const size of [1, 2, 7, 1_000]) expect(await spoken(lines.join(newline), size)).toEqual(HEARD)
})

test('hears lines of JSON and whole messages as chunks', async () => {
  expect(
    await spoken('{"message":{"content":"a","thinking":"t"},"done":false}\n{"response":"b","done":true}\n'),
  ).toEqual([delta({ content: 'a', reasoning_content: 't' }), delta({ content: 'b' }, 'stop')])
  expect(
    await spoken('data: {"choices":[{"index":0,"message":{"content":"a"},"finish_reason":"stop"}]}\n\n'),
  ).toEqual([delta({ content: 'a' }, 'stop')])
  const call =
    '{"message":{"content":"","tool_calls":[{"function":{"name":"f","arguments":{"a":1}}}]},"done":true}'
  expect(await spoken(call)).toMatchObject([
    { choices: [{ delta: { tool_calls: [{ function: { name: 'f', arguments: '{"a":1}' } }] } }] },
  ])
})

test('says once that an answer is over when only its end mark does', async () => {
  expect(await spoken('data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\ndata: [DONE]\n\n')).toEqual(
    [delta({ content: 'a' }), delta({}, 'stop'), 'done'],
  )
  expect(await spoken('data: {"choices":[]}\n\n')).toEqual([{ choices: [] }])
})

test('does not wait for a blank line that never comes', async () => {
  expect(await spoken('data: {"choices":[{"index":0,"delta":{"content":"a"}}]}')).toEqual([
    delta({ content: 'a' }),
  ])
})

test('has a sentence for every shape of error', () => {
  const nothing = 'the model server gave no reason'
  const cases: readonly (readonly [unknown, string])[] = [
    ['words', 'words'],
    ['{"error":{"message":"inner"}}', 'inner'],
    [{ error: 'flat' }, 'flat'],
    [{ error: { message: 'deep', code: 1 } }, 'deep'],
    [{ detail: 'fastapi' }, 'fastapi'],
    [{ detail: [{ msg: 'one' }, { msg: 'two' }] }, 'one; two'],
    [{ message: 'plain' }, 'plain'],
    [{ code: 7 }, '{"code":7}'],
    ['', nothing],
    [null, nothing],
    [7, nothing],
    [[], nothing],
  ]
  for (const [said, words] of cases) expect(errorWords(said)).toBe(words)
})

test('stops a model that sends without end, in many events or in one', async () => {
  const event = 'data: {"choices":[{"index":0,"delta":{"content":"a"}}]}\n\n'
  await expect(spoken(event.repeat(100), 50, 1_000)).rejects.toThrow('more than 1000 bytes')
  await expect(spoken('x'.repeat(2_000), 50, 1_000)).rejects.toThrow('more than 1000 bytes')
})
