import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { startAgent } from '../../src/agent/agent.ts'
import { KEY, startRig } from './rig.ts'
import { rawGet } from './socket.ts'

const ENDPOINTS: readonly (readonly [string, string])[] = [
  ['GET', '/api/health'],
  ['POST', '/api/chat'],
  ['POST', '/api/turn/cancel'],
  ['POST', '/api/upload'],
  ['GET', '/api/download/notes.md'],
  ['POST', '/api/workspace/save'],
  ['POST', '/api/workspace/load'],
  ['GET', '/nowhere'],
]

/** A turn that has to write a file. */
const TOOLS = { messages: [{ role: 'user', content: 'tools' }] }

test('lets nobody in without the key, at any endpoint', async () => {
  await using rig = await startRig()
  for (const [method, path] of ENDPOINTS)
    for (const key of [undefined, '', 'wrong', `${KEY}x`, KEY.slice(1)]) {
      const headers: Record<string, string> = key === undefined ? {} : { 'x-ghost-key': key }
      const response = await fetch(rig.agent.url + path, { method, headers })
      expect([path, response.status]).toEqual([path, 401])
      expect(await response.json()).toEqual({ error: expect.any(String), code: 'unauthorized' })
    }
})

test('takes the key once only', async () => {
  await using rig = await startRig()
  const header = `X-Ghost-Key: ${KEY}`
  expect(await rawGet(rig.agent.url, '/api/health', [header])).toMatch(/^HTTP\/1.1 200 /)
  expect(await rawGet(rig.agent.url, '/api/health', [header, header])).toMatch(/^HTTP\/1.1 401 /)
  expect(await rawGet(rig.agent.url, '/api/download/%zz', [])).toMatch(/^HTTP\/1.1 401 /)
})

test('says that it is well and which model it has', async () => {
  await using rig = await startRig()
  const response = await rig.ask('/api/health')
  expect([response.status, await response.json()]).toEqual([200, { status: 'ok', model: 'demo' }])
  expect(new URL(rig.agent.url).hostname).toBe('127.0.0.1')
})

test('refuses a chat that is not one, with a code for each mistake', async () => {
  await using rig = await startRig()
  const json = { 'content-type': 'application/json' }
  const cases: readonly (readonly [string, Record<string, string>, number, string])[] = [
    ['{', json, 400, 'invalid_json'],
    ['', json, 400, 'invalid_json'],
    ['{"messages":[],"__proto__":{"a":1}}', json, 400, 'invalid_json'],
    ['null', json, 400, 'invalid_request'],
    ['[]', json, 400, 'invalid_request'],
    ['{"stream":true}', json, 400, 'invalid_request'],
    ['{"messages":"hello"}', json, 400, 'invalid_request'],
    ['{"messages":[]}', json, 400, 'invalid_request'],
    ['{"messages":[1]}', json, 400, 'invalid_request'],
    [JSON.stringify({ messages: Array(501).fill({ role: 'user' }) }), json, 413, 'too_many_messages'],
    ['hello', { 'content-type': 'text/plain' }, 415, 'unsupported_media_type'],
    ['{"messages":[]}', { ...json, 'x-request-id': 'x'.repeat(201) }, 400, 'invalid_request'],
  ]
  for (const [body, headers, status, code] of cases) {
    const response = await rig.ask('/api/chat', { method: 'POST', body, headers })
    expect([body.slice(0, 40), response.status, await response.json()]).toEqual([
      body.slice(0, 40),
      status,
      { error: expect.stringMatching(/./), code },
    ])
  }
  for (const body of [{}, { request_id: 1 }, []])
    expect((await rig.post('/api/turn/cancel', body)).status).toBe(400)
})

test('answers what it does not know as JSON', async () => {
  await using rig = await startRig()
  const response = await rig.ask('/api/unknown')
  expect([response.status, await response.json()]).toMatchObject([404, { code: 'not_found' }])
})

test('A46: says nothing of what went wrong inside, and tells its log once', async () => {
  await using rig = await startRig()
  await rm(`${rig.agent.workspace}.tmp`, { recursive: true })
  for (const answer of [await rig.send('/api/upload', 'a.txt', 'x'), await rig.post('/api/chat', TOOLS)]) {
    expect([answer.status, await answer.json()]).toEqual([
      500,
      { error: 'the agent failed; its log says why', code: 'internal_error' },
    ])
  }
  expect((await rig.log()).match(/ERROR : [^\n]*ENOENT/g)).toHaveLength(2)
})

test('does not start where it cannot listen, and leaves the port to who has it', async () => {
  await using rig = await startRig()
  const dataDir = await mkdtemp(join(tmpdir(), 'ghost-agent-'))
  const port = Number(new URL(rig.agent.url).port)
  await expect(startAgent({ key: KEY, dataDir, port })).rejects.toThrow('EADDRINUSE')
  expect((await rig.ask('/api/health')).status).toBe(200)
  await rm(dataDir, { recursive: true })
})
