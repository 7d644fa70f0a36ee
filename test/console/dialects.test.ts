import type { Browser } from 'playwright-core'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { DONE, delta, pieces, sse, stop } from '../rig/answers.ts'
import type { Script } from '../rig/upstream.ts'
import { answers, builtConsole, ended, openConsole, say, startBrowser, WORDS, type World } from './browser.ts'

// A browser on a busy machine takes its time; what a test waits for has limits of its own.
vi.setConfig({ testTimeout: 90_000 })

let browser: Browser
let world: World
beforeAll(async () => {
  await builtConsole()
  browser = await startBrowser()
  world = await openConsole(browser, WORDS)
}, 120_000)
afterEach(async () => {
  await world.page.getByRole('button', { name: 'New conversation' }).click()
  await world.page.getByRole('article').first().waitFor({ state: 'detached' })
})
afterAll(async () => {
  await world[Symbol.asyncDispose]()
  await browser.close()
})

const event = (data: unknown) => `data: ${JSON.stringify(data)}\n\n`
const said = (delta: object, finish_reason: string | null = null) =>
  event({ choices: [{ index: 0, delta, finish_reason }] })
const call = (index: number, id: string | undefined, name: string | undefined, part: string) =>
  said({ tool_calls: [{ index, id, function: { name, arguments: part } }] })
const bytewise = (text: string) => Array.from(Buffer.from(text), (byte) => Buffer.from([byte]))

interface Shown {
  readonly words: string
  /** What stands in the fold, opened. */
  readonly fold?: string
  /** What is said under it. */
  readonly end?: string
}

/** Every form in which agents are known to stream, and what a person is to see of it. */
const DIALECTS: readonly (readonly [name: string, script: Script, shown: Shown])[] = [
  [
    'a role before the first word',
    sse(said({ role: 'assistant', content: '' }), delta('yes'), stop(), DONE),
    { words: 'yes' },
  ],
  [
    'chunks without a choice, first and last',
    sse(
      event({ choices: [] }),
      delta('yes'),
      stop(),
      event({ choices: [], usage: { total_tokens: 3 } }),
      DONE,
    ),
    { words: 'yes' },
  ],
  [
    'content of null beside a call',
    sse(said({ content: null, tool_calls: [] }), delta('yes'), stop(), DONE),
    { words: 'yes' },
  ],
  ...['reasoning_content', 'reasoning', 'thinking'].map(
    (field) =>
      [
        `reasoning as ${field}`,
        sse(said({ [field]: 'let me ' }), said({ [field]: 'see' }), delta('yes'), stop(), DONE),
        { words: 'yes', fold: 'let me see' },
      ] as const,
  ),
  [
    'reasoning in tags, cut anywhere',
    sse(delta('<thi'), delta('nk>let me see</th'), delta('ink>yes'), stop(), DONE),
    { words: 'yes', fold: 'let me see' },
  ],
  [
    'reasoning that only ends',
    sse(delta('let me see</think>yes'), stop(), DONE),
    { words: 'yes', fold: 'let me see' },
  ],
  [
    'a tag that is shown in code',
    sse(delta('```\n<think>code</think>\n```\nyes'), stop(), DONE),
    { words: '<think>code</think>' },
  ],
  [
    'two calls in pieces, mixed',
    sse(
      call(0, 'a', 'read_file', '{"pa'),
      call(1, 'b', 'list_files', '{"dir'),
      call(0, undefined, undefined, 'th":"notes"}'),
      call(1, undefined, undefined, '":"/"}'),
      delta('yes'),
      stop(),
      DONE,
    ),
    { words: 'yes', fold: 'read_file' },
  ],
  [
    'a call in tags',
    sse(delta('<tool_call>{"name":"read_file","arguments":{"path":"x"}}</tool_call>yes'), stop(), DONE),
    { words: 'yes', fold: 'read_file' },
  ],
  [
    'comments between',
    sse(': OPENROUTER PROCESSING\n\n', delta('yes'), ': ping\n\n', stop(), DONE),
    { words: 'yes' },
  ],
  [
    'an error without a name, after which nothing counts',
    sse(delta('half'), event({ error: { message: 'the model broke' } }), delta('more'), DONE),
    { words: 'half', end: 'failed: the model broke' },
  ],
  [
    'an error that is a word',
    sse('event: error\ndata: "the model broke"\n\n'),
    { words: '', end: 'failed: the model broke' },
  ],
  [
    'an error with a detail',
    sse('event: error\ndata: {"detail":"the model broke"}\n\n'),
    { words: '', end: 'failed: the model broke' },
  ],
  [
    'an end at the limit of words',
    sse(delta('half'), said({}, 'length'), DONE),
    { words: 'half', end: 'cut short: the model reached its limit of words' },
  ],
  [
    'an end by a filter',
    sse(delta('half'), said({}, 'content_filter'), DONE),
    { words: 'half', end: 'withheld by a content filter' },
  ],
  ['no [DONE]', sse(delta('yes'), stop()), { words: 'yes' }],
  [
    'one event in many reads, with both kinds of line ends',
    pieces(
      'text/event-stream',
      ...bytewise('data:{"choices":[{"delta":{"content":"grüß "}}]}\r\n\r\n'),
      'data: {"choices":[{"delta":{"content":"dich"},"finish_reason":"stop"}]}\r\r',
    ),
    { words: 'grüß dich' },
  ],
  ['two events in one read', sse(delta('ye') + delta('s') + stop() + DONE), { words: 'yes' }],
  [
    'the whole answer at once, as a message',
    sse(
      event({ choices: [{ message: { role: 'assistant', content: 'yes' }, finish_reason: 'stop' }] }),
      DONE,
    ),
    { words: 'yes' },
  ],
  [
    'lines of JSON without events',
    pieces(
      'application/x-ndjson',
      '{"message":{"role":"assistant","content":"ye"},"done":false}\n',
      '{"message":{"content":"s"},"done":true,"done_reason":"stop"}\n',
    ),
    { words: 'yes' },
  ],
  [
    'content in parts',
    sse(said({ content: [{ type: 'text', text: 'yes' }] }), stop(), DONE),
    { words: 'yes' },
  ],
]

describe('a stream is shown right', () => {
  test.each(DIALECTS)('%s', async (_, script, shown) => {
    const { rig, page } = world
    rig.agent.play('POST /api/chat', script)
    await say(page, 'go')
    await ended(page)
    const [words = ''] = await answers(page)
    expect(words).toContain(shown.words)
    if (shown.words === 'yes' || shown.words === 'half') expect(words).toBe(shown.words)
    const fold = page.locator('article[aria-label="Agent"] details')
    expect(await fold.count()).toBe(shown.fold === undefined ? 0 : 1)
    if (shown.fold !== undefined) {
      await fold.locator('summary').click()
      expect(await fold.textContent()).toContain(shown.fold)
    }
    const ending = page.locator('.ending')
    expect(await ending.count()).toBe(shown.end === undefined ? 0 : 1)
    if (shown.end !== undefined) expect(await ending.textContent()).toContain(shown.end)
    expect(await page.getByText('[object').count()).toBe(0)
    expect(world.complaints).toEqual([])
  })
})
