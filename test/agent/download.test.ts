import { execFile } from 'node:child_process'
import { mkdir, readdir, readlink, symlink, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { hear, KEY, read, startRig, until } from './rig.ts'
import { rawGet } from './socket.ts'

const run = promisify(execFile)

test('A74: sends one range, the rest of a file, and its last bytes', async () => {
  await using rig = await startRig()
  await rig.put('letters.txt', 'abcdefghij')
  const cases: readonly (readonly [string, number, string, string | null])[] = [
    ['bytes=0-3', 206, 'abcd', 'bytes 0-3/10'],
    ['bytes=7-', 206, 'hij', 'bytes 7-9/10'],
    ['bytes=-2', 206, 'ij', 'bytes 8-9/10'],
    ['bytes=-99', 206, 'abcdefghij', 'bytes 0-9/10'],
    ['bytes=8-999', 206, 'ij', 'bytes 8-9/10'],
    ['bytes=0-1,3-4', 200, 'abcdefghij', null],
    ['bytes=5-2', 200, 'abcdefghij', null],
    ['lines=1-2', 200, 'abcdefghij', null],
  ]
  for (const [range, status, text, contentRange] of cases) {
    const response = await rig.ask('/api/download/letters.txt', { headers: { range } })
    const { headers } = response
    expect([range, response.status, await response.text(), headers.get('content-range')]).toEqual([
      range,
      status,
      text,
      contentRange,
    ])
    expect(headers.get('content-length')).toBe(String(text.length))
  }
  for (const range of ['bytes=10-', 'bytes=99-100', 'bytes=-0']) {
    const response = await rig.ask('/api/download/letters.txt', { headers: { range } })
    expect([
      response.status,
      response.headers.get('content-range'),
      (await read<{ code: string }>(response)).code,
    ]).toEqual([416, 'bytes */10', 'range_not_satisfiable'])
  }
})

test('tells the whole of a file to HEAD without sending it', async () => {
  await using rig = await startRig()
  await rig.put('letters.txt', 'abcdefghij')
  const get = await rig.ask('/api/download/letters.txt')
  const head = await rig.ask('/api/download/letters.txt', { method: 'HEAD' })
  expect(await head.text()).toBe('')
  for (const name of [
    'content-length',
    'content-type',
    'etag',
    'last-modified',
    'content-disposition',
    'accept-ranges',
  ])
    expect([name, head.headers.get(name)]).toEqual([name, get.headers.get(name)])
  expect(head.headers.get('content-length')).toBe('10')
})

test('says that a file is unchanged until it changes', async () => {
  await using rig = await startRig()
  await rig.put('a.txt', 'one')
  const first = await rig.ask('/api/download/a.txt')
  const etag = first.headers.get('etag') ?? ''
  const modified = first.headers.get('last-modified') ?? ''
  const status = async (headers: Record<string, string>) =>
    (await rig.ask('/api/download/a.txt', { headers })).status
  expect(etag).toMatch(/^".+"$/)
  expect(await status({ 'if-none-match': etag })).toBe(304)
  expect(await status({ 'if-none-match': `"other", W/${etag}` })).toBe(304)
  expect(await status({ 'if-none-match': '"other"', 'if-modified-since': modified })).toBe(200)
  expect(await status({ 'if-modified-since': modified })).toBe(304)
  expect(await status({ range: 'bytes=0-0', 'if-range': etag })).toBe(206)
  expect(await status({ range: 'bytes=0-0', 'if-range': '"other"' })).toBe(200)
  await rig.put('a.txt', 'two')
  await utimes(join(rig.agent.workspace, 'a.txt'), new Date(), new Date(Date.now() + 5_000))
  expect(await status({ 'if-none-match': etag })).toBe(200)
})

test('A67: never says that a file is something that runs', async () => {
  await using rig = await startRig()
  for (const [name, type] of [
    ['page.html', 'application/octet-stream'],
    ['image.SVG', 'application/octet-stream'],
    ['code.js', 'application/octet-stream'],
    ['feed.xml', 'application/octet-stream'],
    ['unknown', 'application/octet-stream'],
    ['photo.PNG', 'image/png'],
    ['notes.md', 'text/markdown; charset=utf-8'],
  ] as const) {
    await rig.put(name, 'x')
    const { headers } = await rig.ask(`/api/download/${name}`)
    expect([name, headers.get('content-type')]).toEqual([name, type])
    expect(headers.get('content-disposition')).toMatch(/^attachment; /)
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  }
})

test('A68: keeps a name inside its header', async () => {
  await using rig = await startRig()
  const name = `a";filename*=UTF-8''x.html; (1)'.txt`
  await rig.put(name, 'x')
  const { headers } = await rig.ask(`/api/download/${encodeURIComponent(name)}`)
  expect(headers.get('content-disposition')).toBe(
    `attachment; filename="a_;filename*=UTF-8''x.html; (1)'.txt"; filename*=UTF-8''a%22%3Bfilename%2A%3DUTF-8%27%27x.html%3B%20%281%29%27.txt`,
  )
})

test('A63, A64: serves nothing from outside the workspace, however it is asked', async () => {
  await using rig = await startRig()
  await rig.put('%2e%2e', 'a literal name')
  const key = `X-Ghost-Key: ${KEY}`
  const refused = [
    '../agent.log',
    '%2e%2e/agent.log',
    '..%2fagent.log',
    '%2E%2E%2Fagent.log',
    'a/../../agent.log',
    '/etc/passwd',
    '%2fetc%2fpasswd',
    '..%5cagent.log',
    '..\\agent.log',
    'C:%5cx',
    'C:/x',
    '.',
    '..',
    '',
    'a//b',
    'a/',
    './a',
    '%00',
    'a%00.txt',
    'a%0d%0ab',
    'a%e2%80%aeb',
    '%c0%ae%c0%ae/agent.log',
    '%zz',
    'x'.repeat(256),
    `${'y/'.repeat(600)}y`,
  ]
  for (const path of refused) {
    const answer = await rawGet(rig.agent.url, `/api/download/${path}`, [key])
    expect([path, answer.slice(0, 12)]).toEqual([path, 'HTTP/1.1 400'])
    expect(answer).toContain('"code":"invalid_path"')
  }
  for (const path of [
    'absent',
    '..../agent.log',
    '%252e%252e%252fagent.log',
    '~root',
    'file:',
    '.env',
    '%EF%BC%8E%EF%BC%8E/x',
  ]) {
    const answer = await rawGet(rig.agent.url, `/api/download/${path}`, [key])
    expect([path, answer.slice(0, 12)]).toEqual([path, 'HTTP/1.1 404'])
  }
  const literal = await rawGet(rig.agent.url, '/api/download/%252e%252e', [key])
  expect(literal).toContain('a literal name')
  expect(await rawGet(rig.agent.url, '/api/%64ownload/..%2fagent.log', [key])).toMatch(/^HTTP\/1.1 400/)
})

test('A65: serves regular files only and waits for nothing', async () => {
  await using rig = await startRig()
  const at = (name: string) => join(rig.agent.workspace, name)
  await mkdir(at('folder'))
  await mkdir(join(rig.dataDir, 'outside'))
  await writeFile(join(rig.dataDir, 'outside/secret.txt'), 'secret')
  await symlink(join(rig.dataDir, 'outside/secret.txt'), at('link.txt'))
  await symlink(join(rig.dataDir, 'outside'), at('linked'))
  await symlink('/dev/zero', at('zero'))
  await symlink(at('loop'), at('loop'))
  await run('mkfifo', [at('pipe')])
  for (const path of ['folder', 'link.txt', 'linked/secret.txt', 'zero', 'loop', 'pipe', 'folder/none']) {
    const response = await rig.ask(`/api/download/${path}`)
    expect([path, response.status, (await read<{ code: string }>(response)).code]).toEqual([
      path,
      404,
      'not_found',
    ])
  }
})

test('A66: neither lists nor serves what is hidden', async () => {
  await using rig = await startRig()
  await mkdir(join(rig.agent.workspace, '.git'))
  await rig.put('.git/config', 'token')
  await rig.put('.env', 'token')
  await rig.put('seen.txt', 'x')
  for (const path of ['.git/config', '.env'])
    expect((await rig.ask(`/api/download/${path}`)).status).toBe(404)
  const { text } = await hear(await rig.chat('files'))
  expect(text).toBe('the workspace holds:\n\n- `seen.txt`, 1 byte\n')
})

test('F39: breaks the connection when a file becomes shorter than it promised', async () => {
  await using rig = await startRig()
  await rig.put('big.bin', Buffer.alloc(30_000_000))
  const reader = (await rig.ask('/api/download/big.bin')).body?.getReader()
  await reader?.read()
  await truncate(join(rig.agent.workspace, 'big.bin'), 1_000)
  const rest = async () => {
    while (!(await reader?.read())?.done);
  }
  await expect(rest()).rejects.toThrow()
  expect(await rig.log()).toContain('ERROR : the file became shorter while it was read')
})

test('holds no file open after an answer of any kind, or after none', async () => {
  await using rig = await startRig()
  await rig.put('big.bin', Buffer.alloc(30_000_000))
  await rig.put('empty.bin', '')
  const held = async () => {
    const links = await readdir('/proc/self/fd').catch(() => [])
    const files = await Promise.all(links.map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => '')))
    return files.filter((file) => file.startsWith(rig.agent.workspace)).length
  }
  const path = '/api/download/big.bin'
  const etag = (await rig.ask(path, { method: 'HEAD' })).headers.get('etag') ?? ''
  const inits: readonly RequestInit[] = [
    { method: 'HEAD' },
    { headers: { 'if-none-match': etag } },
    { headers: { range: 'bytes=99999999-' } },
    { headers: { range: 'bytes=0-9' } },
  ]
  for (const init of inits) await (await rig.ask(path, init)).arrayBuffer()
  await (await rig.ask('/api/download/empty.bin')).arrayBuffer()
  for (let n = 0; n < 5; n++) {
    const control = new AbortController()
    const response = await rig.ask(path, { signal: control.signal })
    await response.body?.getReader().read()
    expect(await held()).toBeGreaterThan(0)
    control.abort()
  }
  await until(async () => (await held()) === 0)
})
