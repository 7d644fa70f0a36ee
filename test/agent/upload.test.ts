import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { createServer } from 'node:http'
import { type AddressInfo, createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { expect, test } from 'vitest'
import { receiveFile } from '../../src/agent/upload.ts'
import { KEY, read, startRig, until } from './rig.ts'

const UPLOAD = '/api/upload'

test('A68: keeps an upload under its own name, in every script', async () => {
  await using rig = await startRig()
  for (const name of ['plain.txt', 'файл с пробелом.txt', '日本語.md', '👻.bin', 'a#b?c%25.txt']) {
    const response = await rig.send(UPLOAD, name, 'content')
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ filename: name, path: name, size: 7 })
    expect(await readFile(join(rig.agent.workspace, name), 'utf8')).toBe('content')
    const back = await rig.ask(`/api/download/${encodeURIComponent(name)}`)
    expect(await back.text()).toBe('content')
    expect(back.headers.get('content-disposition')).toContain(`filename*=UTF-8''${encodeURIComponent(name)}`)
  }
})

test('A70: takes the name for a name and nothing more', async () => {
  await using rig = await startRig()
  const cases: readonly (readonly [string, string])[] = [
    ['../../evil.txt', 'evil.txt'],
    ['/etc/passwd', 'passwd'],
    ['C:\\windows\\notepad.exe', 'notepad.exe'],
    ['.env', 'env'],
    ['..', 'upload'],
    ['e\u0301.txt', '\u00e9.txt'],
    ['a\u202egpj.exe', 'a_gpj.exe'],
    [`${'ü'.repeat(300)}.txt`, `${'ü'.repeat(98)}.txt`],
  ]
  for (const [given, kept] of cases) {
    const response = await rig.send(UPLOAD, given, 'x')
    expect(await response.json()).toMatchObject({ filename: kept })
  }
  expect((await readdir(rig.agent.workspace)).sort()).toEqual(cases.map(([, kept]) => kept).sort())
})

test('gives a second file of one name a name of its own, also when they come at once', async () => {
  await using rig = await startRig()
  const answers = await Promise.all(['1', '2', '3'].map((content) => rig.send(UPLOAD, 'photo.jpg', content)))
  const names = await Promise.all(
    answers.map(async (answer) => (await read<{ filename: string }>(answer)).filename),
  )
  expect(names.sort()).toEqual(['photo (2).jpg', 'photo (3).jpg', 'photo.jpg'])
  const contents = await Promise.all(names.map((name) => readFile(join(rig.agent.workspace, name), 'utf8')))
  expect(contents.sort()).toEqual(['1', '2', '3'])
})

test('takes a file of 50 MB and gives back the same bytes', async () => {
  await using rig = await startRig()
  const block = Buffer.alloc(1_000_000, 'ghost ')
  const beside = `${rig.agent.workspace}.tmp`
  const written = async () => {
    const [draft] = await readdir(beside)
    return draft ? (await stat(join(beside, draft))).size : 0
  }
  async function* body() {
    yield Buffer.from('--b\r\nContent-Disposition: form-data; name="file"; filename="big.bin"\r\n\r\n')
    for (let n = 0; n < 50; n++) {
      // What has been sent goes to the disk at once, and is not collected until the end.
      if (n === 30) await until(async () => (await written()) > 25_000_000)
      yield block
    }
    yield Buffer.from('\r\n--b--\r\n')
  }
  const response = await rig.ask(UPLOAD, {
    method: 'POST',
    body: Readable.toWeb(Readable.from(body())) as NonNullable<RequestInit['body']>,
    headers: { 'content-type': 'multipart/form-data; boundary=b' },
    ...{ duplex: 'half' },
  })
  expect(await response.json()).toMatchObject({ size: 50_000_000 })
  let length = 0
  for await (const part of (await rig.ask('/api/download/big.bin')).body ?? []) length += part.length
  expect(length).toBe(50_000_000)
  expect((await readFile(join(rig.agent.workspace, 'big.bin'))).subarray(-6).equals(block.subarray(-6))).toBe(
    true,
  )
})

test('takes an empty file', async () => {
  await using rig = await startRig()
  expect(await (await rig.send(UPLOAD, 'empty.txt', '')).json()).toMatchObject({ size: 0 })
  const back = await rig.ask('/api/download/empty.txt')
  expect([back.status, back.headers.get('content-length'), await back.text()]).toEqual([200, '0', ''])
})

test('A69: refuses an upload that is none and leaves nothing behind', async () => {
  await using rig = await startRig()
  const form = (parts: string, boundary = 'b') => ({
    body: parts,
    headers: { 'content-type': `multipart/form-data; boundary=${boundary}` },
  })
  const file = '--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhello\r\n'
  const cases: readonly (readonly [string, RequestInit, string])[] = [
    [
      'a text field',
      form('--b\r\nContent-Disposition: form-data; name="file"\r\n\r\nhi\r\n--b--\r\n'),
      'missing_file',
    ],
    ['another part', form(`${file.replace('name="file"', 'name="other"')}--b--\r\n`), 'missing_file'],
    ['two files', form(`${file}${file}--b--\r\n`), 'invalid_request'],
    ['no end', form(file), 'invalid_request'],
    [
      'many parts',
      form(`${'--b\r\nContent-Disposition: form-data; name="x"\r\n\r\n1\r\n'.repeat(100)}${file}--b--\r\n`),
      'invalid_request',
    ],
    ['no boundary', { body: file, headers: { 'content-type': 'multipart/form-data' } }, 'invalid_request'],
    ['json', { body: '{}', headers: { 'content-type': 'application/json' } }, 'missing_file'],
  ]
  for (const [what, init, code] of cases) {
    const response = await rig.ask(UPLOAD, { method: 'POST', ...init })
    expect([what, response.status, await response.json()]).toEqual([
      what,
      400,
      { error: expect.stringMatching(/./), code },
    ])
  }
  expect(await readdir(rig.agent.workspace)).toEqual([])
  expect(await readdir(`${rig.agent.workspace}.tmp`)).toEqual([])
})

test('F37: forgets an upload whose sender goes away', async () => {
  await using rig = await startRig()
  const socket = createConnection({ host: '127.0.0.1', port: Number(new URL(rig.agent.url).port) })
  const head = `POST ${UPLOAD} HTTP/1.1\r\nHost: agent\r\nX-Ghost-Key: ${KEY}\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000000\r\n\r\n`
  socket.write(
    `${head}--b\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n${'x'.repeat(300_000)}`,
  )
  const beside = `${rig.agent.workspace}.tmp`
  await until(async () => (await readdir(beside)).length === 1)
  socket.destroy()
  await until(async () => (await readdir(beside)).length === 0)
  expect(await readdir(rig.agent.workspace)).toEqual([])
})

test('A69: stops at the first byte over its limit and still answers', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ghost-upload-'))
  const target = join(folder, 'draft')
  const server = createServer((request, response) => {
    receiveFile(request, target, 1_000).then(
      ({ size }) => response.end(String(size)),
      (error: Error) => response.writeHead(413).end(error.message),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  for (const [bytes, status] of [
    [1_000, 200],
    [1_001, 413],
    [5_000_000, 413],
  ] as const) {
    const form = new FormData()
    form.append('file', new File(['x'.repeat(bytes)], 'a.txt'))
    const response = await fetch(`http://127.0.0.1:${port}`, { method: 'POST', body: form })
    expect([bytes, response.status]).toEqual([bytes, status])
    await response.text()
    expect(await readdir(folder)).toEqual(status === 200 ? ['draft'] : [])
    await rm(target, { force: true })
  }
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
  await rm(folder, { recursive: true })
})
