import { mkdir, readdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hear, startRig } from './rig.ts'
import { call, DONE, event, HELLO, LLM_KEY, say, startBoth, startModel } from './scripted.ts'

test('passes a model on, word by word, with its usage', async () => {
  await using both = await startBoth(
    event({ choices: [], prompt_filter_results: [] }) +
      HELLO +
      say({}, 'stop') +
      event({ choices: [], usage: { prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 } }) +
      DONE,
  )
  const { rig, model } = both
  expect(await (await rig.ask('/api/health')).json()).toEqual({ status: 'ok', model: 'scripted' })
  const heard = await hear(await rig.chat('hi'))
  expect(heard).toMatchObject({ text: 'hello', finish: 'stop', done: true, error: undefined })
  expect(heard.usage).toEqual({ prompt_tokens: 7, completion_tokens: 2, total_tokens: 9 })
  const [asked] = model.asked
  expect(asked?.path).toBe('/v1/chat/completions')
  expect(asked?.headers.authorization).toBe(`Bearer ${LLM_KEY}`)
  expect(asked?.headers['x-ghost-key']).toBeUndefined()
  expect(asked?.body).toMatchObject({ model: 'scripted', stream: true })
  expect(asked?.body.tools.map((tool) => tool.function.name)).toEqual([
    'list_files',
    'read_file',
    'write_file',
  ])
})

test('takes the base with or without its path', async () => {
  await using model = await startModel(HELLO + say({}, 'stop') + DONE)
  for (const path of ['', '/', '/v1', '/v1/', '/api/openai', '/v1/chat/completions']) {
    await using rig = await startRig({ llm: { url: model.url + path, model: 'm', key: undefined } })
    expect((await hear(await rig.chat('hi'))).text).toBe('hello')
  }
  const paths = model.asked.map((asked) => asked.path)
  const usual = '/v1/chat/completions'
  expect(paths).toEqual([usual, usual, usual, usual, '/api/openai/chat/completions', usual])
  expect(model.asked[0]?.headers.authorization).toBeUndefined()
})

test('answers whole when no stream is asked for', async () => {
  await using both = await startBoth(say({ reasoning_content: 'hm' }) + HELLO + say({}, 'length') + DONE)
  const body = { messages: [{ role: 'user', content: 'hi' }] }
  expect(await (await both.rig.post('/api/chat', body)).json()).toMatchObject({
    object: 'chat.completion',
    model: 'scripted',
    choices: [
      { message: { role: 'assistant', content: 'hello', reasoning_content: 'hm' }, finish_reason: 'length' },
    ],
  })
})

test('keeps reasoning apart, whatever it is called', async () => {
  for (const name of ['reasoning_content', 'reasoning', 'thinking']) {
    await using both = await startBoth(
      say({ role: 'assistant', [name]: 'let me ' }) +
        say({ [name]: 'think\n' }) +
        say({ content: 'so' }) +
        say({}, 'stop'),
    )
    const { reasoning, text, done } = await hear(await both.rig.chat('hi'))
    expect([name, reasoning, text, done]).toEqual([name, 'let me think\n', 'so', true])
    expect(await both.rig.log()).toContain('🧠 PLANNER MONOLOGUE : let me think\n')
  }
})

test('leaves thoughts inside the text to the console', async () => {
  await using both = await startBoth(say({ content: '<think>hm</think>so' }) + say({}, 'stop') + DONE)
  expect((await hear(await both.rig.chat('hi'))).text).toBe('<think>hm</think>so')
})

test('gives the model its history: words, images and instructions', async () => {
  await using both = await startBoth(HELLO + say({}, 'stop') + DONE)
  const messages = [
    { role: 'system', content: 'speak like a pirate' },
    { role: 'user', content: 'first' },
    { role: 'assistant', content: 'ahoy', tool_calls: [{ id: 'x' }] },
    { role: 'tool', content: 'left out' },
    {
      role: 'user',
      content: [
        { type: 'text', text: 'look' },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
        { type: 'image_url', image_url: { url: 'http://10.0.0.1/secret.png' } },
      ],
    },
  ]
  await hear(await both.rig.post('/api/chat', { stream: true, messages, temperature: 0.5, max_tokens: 99 }))
  const body = both.model.asked[0]?.body
  expect(body).toMatchObject({ temperature: 0.5, max_tokens: 99 })
  expect(body?.messages.map(({ role }) => role)).toEqual(['system', 'user', 'assistant', 'user'])
  expect(body?.messages[0]?.content).toContain('speak like a pirate')
  expect(body?.messages[3]?.content).toEqual([
    { type: 'text', text: 'look' },
    { type: 'image_url', image_url: { url: 'data:image/png;base64,iVBORw0KGgo=' } },
    { type: 'text', text: '[an image by its address, which is not fetched]' },
  ])
})

test('lets the model use the workspace, two calls at once and in pieces', async () => {
  const first =
    say({ content: 'looking' }) +
    call(0, 'write_file', '{"path":"a/b', '.md","con', 'tent":"from the model"}') +
    call(1, 'list_files', '{}') +
    say({}, 'tool_calls') +
    DONE
  const second = call(0, 'read_file', '{"path":', '"a/b.md"}') + say({}, 'tool_calls') + DONE
  await using both = await startBoth(first, second, HELLO + say({}, 'stop') + DONE)
  const { rig, model } = both
  const { calls, text, finish } = await hear(
    await rig.chat('write', { headers: { 'x-request-id': 'abcdefghij' } }),
  )
  expect(calls.map(({ name, arguments: args }) => [name, args])).toEqual([
    ['write_file', '{"path":"a/b.md","content":"from the model"}'],
    ['list_files', '{}'],
    ['read_file', '{"path":"a/b.md"}'],
  ])
  expect([text, finish]).toEqual(['looking\n\nhello', 'stop'])
  expect(await rig.tree()).toEqual({ a: '', 'a/b.md': 'from the model' })
  expect(model.asked[2]?.body.messages.at(-1)).toMatchObject({ role: 'tool', content: 'from the model' })
  const log = await rig.log()
  expect(log).toContain('[abcdefgh] 📝 WRITE FILE : a/b.md\n')
  expect(log).toContain('[abcdefgh] 📖 READ FILE : a/b.md\n')
})

test('tells the model what its tools refuse, and goes on', async () => {
  const paths = ['../agent.log', '/etc/passwd', '.env', 'absent.txt']
  const calls = paths.map((path, n) => call(n, 'read_file', JSON.stringify({ path }))).join('')
  const wrong = call(4, 'write_file', '{"path":1}') + call(5, 'no_such_tool', '{}')
  await using both = await startBoth(
    calls + wrong + say({}, 'tool_calls') + DONE,
    HELLO + say({}, 'stop') + DONE,
  )
  const { text, done } = await hear(await both.rig.chat('read'))
  expect([text, done]).toEqual(['hello', true])
  const results = both.model.asked[1]?.body.messages.filter(({ role }) => role === 'tool') ?? []
  expect(results).toHaveLength(6)
  expect(results.map(({ content }) => String(content)).join('\n')).not.toContain('REQUEST STARTED')
  expect(results[0]?.content).toContain('this path has an empty part, . or ..')
  expect(results[3]?.content).toContain('there is no file absent.txt')
  expect(await both.rig.log()).toContain('📖 READ FILE FAILED : there is no file absent.txt')
})

test('stops a model that never stops using tools', async () => {
  await using both = await startBoth(call(0, 'list_files', '{}') + say({}, 'tool_calls') + DONE)
  const { calls, text, finish, done } = await hear(await both.rig.chat('go'))
  expect(both.model.asked).toHaveLength(12)
  expect([calls.length, finish, done]).toEqual([12, 'length', true])
  expect(new Set(calls.map((each) => each.id)).size).toBe(12)
  expect(text).toContain('stopped after 12 steps')
})

test('writes through no link and over nothing but files', async () => {
  const write = (n: number, path: string) => call(n, 'write_file', JSON.stringify({ path, content: 'x' }))
  const calls = ['linked/x.md', 'folder', 'link.md', 'a.md/b.md'].map((path, n) => write(n, path)).join('')
  await using both = await startBoth(calls + say({}, 'tool_calls') + DONE, HELLO + say({}, 'stop') + DONE)
  const { rig, model } = both
  await rig.put('a.md', 'a')
  await rig.put('folder/b.md', 'b')
  await mkdir(join(rig.dataDir, 'outside'))
  await symlink(join(rig.dataDir, 'outside'), join(rig.agent.workspace, 'linked'))
  await symlink(join(rig.dataDir, 'outside/new.md'), join(rig.agent.workspace, 'link.md'))
  expect((await hear(await rig.chat('write'))).text).toBe('hello')
  const results = model.asked[1]?.body.messages.filter(({ role }) => role === 'tool') ?? []
  expect(results.map(({ content }) => content)).toEqual([
    'linked is not a folder',
    'folder is not a file',
    'link.md is not a file',
    'a.md is not a folder',
  ])
  expect(await readdir(join(rig.dataDir, 'outside'))).toEqual([])
})

test('says so when nobody has asked anything', async () => {
  await using both = await startBoth(HELLO)
  const response = await both.rig.post('/api/chat', { messages: [{ role: 'system', content: 'be kind' }] })
  expect([response.status, await response.json()]).toMatchObject([400, { code: 'invalid_request' }])
  expect(both.model.asked).toEqual([])
})
