import { readdir, readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { hear, startRig, until } from './rig.ts'

test('says that it is a demo and how to connect a model', async () => {
  await using rig = await startRig()
  const { text, finish, done, chunks } = await hear(await rig.chat('help'))
  for (const word of ['demo', 'GHOST_LLM_URL', 'GHOST_LLM_MODEL', 'GHOST_LLM_KEY'])
    expect(text).toContain(word)
  expect(chunks[0]?.choices?.[0]?.delta).toEqual({ role: 'assistant', content: '' })
  expect(chunks.length).toBeGreaterThan(50)
  expect({ finish, done }).toEqual({ finish: 'stop', done: true })
})

test('answers anything else with a short echo of what it can do', async () => {
  await using rig = await startRig()
  const { text } = await hear(await rig.chat('what is the meaning\nof life?'))
  expect(text).toContain('“what is the meaning of life?”')
  expect(text).toContain('`help`')
})

test('lists, shows and writes real files', async () => {
  await using rig = await startRig()
  expect((await hear(await rig.chat('files'))).text).toContain('the workspace is empty')
  expect((await hear(await rig.chat('note buy\nmilk'))).text).toContain('notes.md')
  await hear(await rig.chat('/note and ```tea```'))
  expect(await readFile(join(rig.agent.workspace, 'notes.md'), 'utf8')).toBe('- buy milk\n- and ```tea```\n')
  expect((await hear(await rig.chat('list'))).text).toContain('- `notes.md`, 27 bytes')
  expect((await hear(await rig.chat('show notes.md'))).text).toBe(
    '`notes.md`:\n\n````md\n- buy milk\n- and ```tea```\n````',
  )
})

test('cannot be talked into showing what is not a text file of the workspace', async () => {
  await using rig = await startRig()
  await writeFile(join(rig.agent.workspace, 'picture.png'), Buffer.from([137, 80, 78, 71, 0, 0]))
  for (const name of ['../agent.log', '/etc/passwd', 'absent.txt', 'picture.png', '.env']) {
    const { text, done } = await hear(await rig.chat(`show ${name}`))
    expect(text).toContain('i cannot show')
    expect(done).toBe(true)
  }
})

test('writes notes through no link', async () => {
  await using rig = await startRig()
  await symlink(join(rig.dataDir, 'outside.md'), join(rig.agent.workspace, 'notes.md'))
  expect((await rig.chat('note hello')).status).toBe(400)
  expect(await readdir(rig.dataDir)).not.toContain('outside.md')
})

test('speaks as long as it is asked to', async () => {
  await using rig = await startRig()
  const { text, chunks } = await hear(await rig.chat('long 20'))
  expect(text.match(/^\d+\. /gm)).toHaveLength(20)
  expect(chunks.length).toBeGreaterThan(500)
})

test('shows every kind of block that the console renders', async () => {
  await using rig = await startRig()
  const { text } = await hear(await rig.chat('blocks'))
  for (const kind of ['ts', 'mermaid', 'csv', 'chart', 'html', 'svg'])
    expect(text).toContain(`\n\`\`\`${kind}\n`)
  for (const form of ['\n## ', '\n- ', '\n1. ', '\n- [x] ', '\n| ', '\n> ']) expect(text).toContain(form)
  const [, chart = ''] = /```chart\n(.*?)```/s.exec(text) ?? []
  expect(JSON.parse(chart)).toMatchObject({ type: 'line', data: { datasets: [{}, {}] } })
})

test('thinks before it speaks when asked to', async () => {
  await using rig = await startRig()
  const { reasoning, text } = await hear(await rig.chat('think'))
  expect(reasoning).toContain('a line from a script')
  expect(text).not.toContain('a line from a script')
})

test('uses tools and tells of each call in pieces', async () => {
  await using rig = await startRig()
  const { calls, text } = await hear(await rig.chat('tools'))
  expect(calls.map((call) => call.name)).toEqual(['list_files', 'write_file', 'read_file'])
  expect(JSON.parse(calls[1]?.arguments ?? '')).toMatchObject({ path: 'demo/hello.md' })
  expect(new Set(calls.map((call) => call.id)).size).toBe(3)
  expect(text).toContain('written by the demo agent')
  expect(await readFile(join(rig.agent.workspace, 'demo/hello.md'), 'utf8')).toContain('written by')
})

test('fails in the middle with an error event and no end mark', async () => {
  await using rig = await startRig()
  const { text, error, done, finish } = await hear(await rig.chat('fail'))
  expect(text).toContain('breaks off')
  expect(error).toEqual({ message: 'the demo was asked to fail, and did', type: 'model_error' })
  expect({ done, finish }).toEqual({ done: false, finish: undefined })
})

test('answers whole when no stream is asked for', async () => {
  await using rig = await startRig()
  const response = await rig.post('/api/chat', { messages: [{ role: 'user', content: 'tools' }] })
  expect(response.status).toBe(200)
  expect(await response.json()).toMatchObject({
    object: 'chat.completion',
    model: 'demo',
    choices: [
      {
        index: 0,
        finish_reason: 'stop',
        message: {
          role: 'assistant',
          content: expect.stringContaining('three tools'),
          tool_calls: [{ type: 'function', function: { name: 'list_files', arguments: '{}' } }, {}, {}],
        },
      },
    ],
  })
})

test('answers a failure with its status when no stream is asked for', async () => {
  await using rig = await startRig()
  const response = await rig.post('/api/chat', { messages: [{ role: 'user', content: 'fail' }] })
  expect(response.status).toBe(502)
  expect(await response.json()).toEqual({ error: 'the demo was asked to fail, and did', code: 'model_error' })
})

test('reads the words of a message that comes in parts', async () => {
  await using rig = await startRig()
  const content = [
    { type: 'text', text: 'fi' },
    { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } },
    { type: 'text', text: 'les' },
  ]
  const response = await rig.post('/api/chat', { stream: true, messages: [{ role: 'user', content }] })
  expect((await hear(response)).text).toContain('the workspace is empty')
})

test('stops the turn that is cancelled, and no other', async () => {
  await using rig = await startRig({ paceMs: 5 })
  const long = await rig.chat('long 1000', { headers: { 'x-request-id': 'turn-1' } })
  expect(long.headers.get('x-request-id')).toBe('turn-1')
  const other = await rig.post('/api/turn/cancel', { request_id: 'turn-2' })
  expect([other.status, await other.json()]).toEqual([200, { cancelled: false }])
  const cancel = await rig.post('/api/turn/cancel', { request_id: 'turn-1' })
  expect([cancel.status, await cancel.json()]).toEqual([200, { cancelled: true }])
  const { error, done } = await hear(long)
  expect(error).toEqual({ message: 'the turn was cancelled', type: 'turn_cancelled' })
  expect(done).toBe(false)
  const again = await rig.post('/api/turn/cancel', { request_id: 'turn-1' })
  expect(await again.json()).toEqual({ cancelled: false })
  expect(await rig.log()).toMatch(/🛑 REQUEST FINISHED : the turn was cancelled after/)
})

test('stops a turn when its caller goes away', async () => {
  await using rig = await startRig({ paceMs: 5 })
  const control = new AbortController()
  const response = await rig.chat('long 1000', {
    signal: control.signal,
    headers: { 'x-request-id': 'gone-1' },
  })
  expect(response.status).toBe(200)
  control.abort()
  await until(async () => (await rig.log()).includes('🛑 REQUEST FINISHED : the caller went away'))
  expect(await (await rig.post('/api/turn/cancel', { request_id: 'gone-1' })).json()).toEqual({
    cancelled: false,
  })
})

test('refuses a second turn under the id of a running one', async () => {
  await using rig = await startRig({ paceMs: 5 })
  const headers = { 'x-request-id': 'twice' }
  const first = await rig.chat('long 1000', { headers })
  const second = await rig.chat('help', { headers })
  expect([second.status, await second.json()]).toMatchObject([409, { code: 'turn_running' }])
  await first.body?.cancel()
})

test('stops what runs when the agent is closed', async () => {
  await using rig = await startRig({ paceMs: 5 })
  const response = await rig.chat('long 1000')
  const reading = response.text().catch(() => 'cut')
  await rig.agent.close()
  await reading
  expect(await rig.log()).toMatch(/REQUEST FINISHED : the agent is stopping[^\n]*\n[^\n]*AGENT STOPPED/)
})
