import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ARCHIVE } from '../../src/agent/pack.ts'
import { unpack } from '../../src/agent/unpack.ts'
import { read, startRig } from './rig.ts'
import { type Claim, craft, LINK, PIPE } from './zip.ts'

const LOAD = '/api/workspace/load'

const HARMLESS: Claim = { name: 'harmless.txt', data: 'x' }
const UNSAFE: readonly (readonly [string, readonly Claim[]])[] = [
  ['a name that climbs out', [{ name: '../evil.txt', data: 'x' }]],
  ['a name that climbs out later', [{ name: 'a/../../evil.txt', data: 'x' }]],
  ['an absolute name', [{ name: '/tmp/evil.txt', data: 'x' }]],
  ['a drive', [{ name: 'C:/evil.txt', data: 'x' }]],
  ['a backslash', [{ name: '..\\evil.txt', data: 'x' }]],
  ['a NUL', [{ name: 'a\u0000.txt', data: 'x' }]],
  ['no name', [{ name: '', data: 'x' }]],
  ['a dot', [{ name: './a', data: 'x' }]],
  ['a link', [{ name: 'link', data: '/etc/passwd', mode: LINK }]],
  [
    'a link and a file through it',
    [
      { name: 'l', data: '/tmp', mode: LINK },
      { name: 'l/evil.txt', data: 'x' },
    ],
  ],
  ['a pipe', [{ name: 'pipe', mode: PIPE }]],
  ['a folder that says it is a file', [{ name: 'folder/', mode: 0o100644 }]],
  [
    'one name twice',
    [
      { name: 'a.txt', data: '1' },
      { name: 'a.txt', data: '2' },
    ],
  ],
  [
    'case twins',
    [
      { name: 'A.txt', data: '1' },
      { name: 'a.txt', data: '2' },
    ],
  ],
  [
    'case twins among folders',
    [
      { name: 'A/x.txt', data: '1' },
      { name: 'a/y.txt', data: '2' },
    ],
  ],
  [
    'twins of Unicode',
    [
      { name: '\u00e9.txt', data: '1' },
      { name: 'e\u0301.txt', data: '2' },
    ],
  ],
  [
    'a file that is a folder',
    [
      { name: 'a', data: '1' },
      { name: 'a/b.txt', data: '2' },
    ],
  ],
  [
    'a folder that is a file',
    [
      { name: 'a/b.txt', data: '1' },
      { name: 'a', data: '2' },
    ],
  ],
  ['a smaller size than the truth', [{ name: 'a.txt', data: 'x'.repeat(5_000), size: 10 }]],
  ['a larger size than the truth', [{ name: 'a.txt', data: 'x', size: 10 }]],
  ['an encrypted entry', [{ name: 'a.txt', data: 'x', flags: 1 }]],
]

test('A71: refuses an unsafe archive and changes nothing', async () => {
  await using rig = await startRig()
  await rig.put('mine.txt', 'mine')
  for (const [what, claims] of UNSAFE) {
    const response = await rig.send(LOAD, 'evil.zip', craft([HARMLESS, ...claims]))
    expect([what, response.status, await response.json()]).toEqual([
      what,
      400,
      { error: expect.stringMatching(/./), code: 'unsafe_archive' },
    ])
  }
  expect(await rig.tree()).toEqual({ 'mine.txt': 'mine' })
  expect((await readdir(rig.dataDir)).sort()).toEqual(['agent.log', 'workspace', 'workspace.tmp'])
  expect(await readdir(`${rig.agent.workspace}.tmp`)).toEqual([])
})

test('A71: refuses what is no sound zip', async () => {
  await using rig = await startRig()
  await rig.put('mine.txt', 'mine')
  const good = craft([{ name: 'a.txt', data: 'hello' }])
  const cases: readonly (readonly [string, Buffer<ArrayBuffer>])[] = [
    ['nothing', Buffer.from('')],
    ['text', Buffer.from('this is not a zip')],
    ['half', good.subarray(0, good.length / 2)],
    ['a wrong sum', craft([{ name: 'a.txt', data: 'hello', sum: 1 }])],
    ['fewer entries than told', craft([HARMLESS], 3)],
    ['no deflate stream', craft([{ name: 'a.txt', data: 'x', packed: Buffer.from('xxxxxxxx') }])],
    ['words as conversation', craft([{ name: '.ghost/conversation.json', data: 'hello' }])],
  ]
  for (const [what, zip] of cases) {
    const response = await rig.send(LOAD, 'bad.zip', zip)
    const { code } = await read<{ code: string }>(response)
    expect([what, response.status, code]).toEqual([what, 400, 'invalid_archive'])
  }
  expect(await rig.tree()).toEqual({ 'mine.txt': 'mine' })
})

test('A72: stops at a bomb while it goes off', async () => {
  await using rig = await startRig()
  await rig.put('mine.txt', 'mine')
  const zeros = Buffer.alloc(100_000_000)
  const million = zeros.subarray(0, 1_000_000)
  const cases: readonly (readonly [string, Buffer<ArrayBuffer>])[] = [
    ['much out of little', craft([{ name: 'zeros', data: zeros }])],
    ['too many entries', craft(Array.from({ length: 10_001 }, (_, n) => ({ name: `${n}` })))],
    ['too large by its own word', craft([{ name: 'a', data: 'x', size: 600_000_000 }])],
    [
      'entries that share their bytes',
      craft(Array.from({ length: 100 }, (_, n) => ({ name: `${n}`, data: million, overlaps: n > 0 }))),
    ],
  ]
  for (const [what, zip] of cases) {
    const response = await rig.send(LOAD, 'bomb.zip', zip)
    const { code } = await read<{ code: string }>(response)
    expect([what, response.status, code]).toEqual([what, 413, 'archive_too_large'])
  }
  expect(await rig.tree()).toEqual({ 'mine.txt': 'mine' })
  expect(await readdir(`${rig.agent.workspace}.tmp`)).toEqual([])
})

test('A72: counts the bytes of all entries together', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ghost-unpack-'))
  const archive = join(folder, 'a.zip')
  await writeFile(archive, craft([1, 2, 3].map((n) => ({ name: `${n}`, data: 'x'.repeat(400) }))))
  const limits = { ...ARCHIVE, bytes: 1_000 }
  await expect(unpack(archive, join(folder, 'out'), limits)).rejects.toMatchObject({
    code: 'archive_too_large',
  })
  await expect(unpack(archive, join(folder, 'out'))).resolves.toMatchObject({ files: 3, bytes: 1_200 })
  await rm(folder, { recursive: true })
})

test('keeps one whole workspace when two are loaded at once', async () => {
  await using rig = await startRig()
  const zips = ['one', 'two', 'three'].map((word) =>
    craft([1, 2, 3].map((n) => ({ name: `${n}.txt`, data: word }))),
  )
  const answers = await Promise.all(zips.map((zip) => rig.send(LOAD, 'a.zip', zip)))
  expect(answers.map((answer) => answer.status)).toEqual([200, 200, 200])
  expect(new Set(Object.values(await rig.tree())).size).toBe(1)
  expect(await readdir(`${rig.agent.workspace}.tmp`)).toEqual([])
})

test('finds its workspace again after a crash in the middle of a replacement', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'ghost-agent-'))
  await mkdir(join(dataDir, 'workspace.tmp/previous-1'), { recursive: true })
  await writeFile(join(dataDir, 'workspace.tmp/previous-1/mine.txt'), 'mine')
  await writeFile(join(dataDir, 'workspace.tmp/half-an-upload'), 'x')
  await using rig = await startRig({ dataDir })
  expect(await rig.tree()).toEqual({ 'mine.txt': 'mine' })
  expect(await readdir(join(dataDir, 'workspace.tmp'))).toEqual([])
})
