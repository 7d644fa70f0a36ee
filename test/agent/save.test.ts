import { mkdir, readdir, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { ARCHIVE, pack } from '../../src/agent/pack.ts'
import { openWorkspace } from '../../src/agent/workspace.ts'
import { startRig } from './rig.ts'

const SAVE = '/api/workspace/save'
const LOAD = '/api/workspace/load'

test('brings a saved workspace back as it was, with its conversation', async () => {
  await using rig = await startRig()
  await rig.put('notes.md', '- one\n')
  await rig.put('deep/er/файл 👻.txt', 'inside')
  await rig.put('.gitignore', 'hidden, but kept')
  await rig.put('empty.txt', '')
  await rig.put('big.bin', 'ghost '.repeat(500_000))
  await rig.put('.ghost/conversation.json', 'an older one, which is not a file of the workspace')
  await mkdir(join(rig.agent.workspace, 'nothing'))
  const old = new Date('2026-01-02T03:04:05Z')
  await utimes(join(rig.agent.workspace, 'notes.md'), old, old)
  const { '.ghost/conversation.json': _, ...before } = await rig.tree()

  const conversation = { messages: [{ role: 'user', content: 'hello\u0000\ud83d\udc7b' }], title: 'a talk' }
  const saved = await rig.post(SAVE, conversation)
  expect(saved.status).toBe(200)
  expect(saved.headers.get('content-type')).toBe('application/zip')
  expect(saved.headers.get('content-disposition')).toMatch(
    /^attachment; filename="ghost-workspace-\d{4}-\d\d-\d\d-\d{6}\.zip"/,
  )
  const zip = new Uint8Array(await saved.arrayBuffer())

  await rm(join(rig.agent.workspace, 'deep'), { recursive: true })
  await rig.put('later.txt', 'goes away')
  const loaded = await rig.send(LOAD, 'any.zip', zip)
  expect(await loaded.json()).toEqual({ files: 5, bytes: expect.any(Number), conversation })
  expect(await rig.tree()).toEqual(before)
  expect((await stat(join(rig.agent.workspace, 'notes.md'))).mtime).toEqual(old)
  expect(await readdir(`${rig.agent.workspace}.tmp`)).toEqual([])
})

test('saves an empty workspace without a conversation, and loads that too', async () => {
  await using rig = await startRig()
  const zip = new Uint8Array(await (await rig.post(SAVE, {})).arrayBuffer())
  await rig.put('a.txt', 'a')
  expect(await (await rig.send(LOAD, 'a.zip', zip)).json()).toEqual({
    files: 0,
    bytes: 0,
    conversation: null,
  })
  expect(await readdir(rig.agent.workspace)).toEqual([])
})

test('A73: follows no link when it saves', async () => {
  await using rig = await startRig()
  await mkdir(join(rig.dataDir, 'outside'))
  await writeFile(join(rig.dataDir, 'outside/secret.txt'), 'secret')
  await symlink(join(rig.dataDir, 'outside'), join(rig.agent.workspace, 'folder'))
  await symlink(join(rig.dataDir, 'outside/secret.txt'), join(rig.agent.workspace, 'file.txt'))
  await rig.put('own.txt', 'own')
  const zip = new Uint8Array(await (await rig.post(SAVE, {})).arrayBuffer())
  await rig.send(LOAD, 'a.zip', zip)
  expect(await rig.tree()).toEqual({ 'own.txt': 'own' })
})

test('A73: leaves out a file that vanishes while it saves, and says what no archive can hold', async () => {
  await using rig = await startRig()
  await rig.put('a.txt', 'a')
  await rig.put('b.txt', 'b')
  await rig.put('..\\..\\evil.txt', 'c')
  const workspace = await openWorkspace(rig.agent.workspace)
  const packed = await pack({ ...workspace, openPlace: vanishing(workspace.openPlace) }, undefined)
  expect(packed.skipped).toEqual(['..\\..\\evil.txt'])
  const parts: Buffer[] = []
  for await (const part of packed.stream) parts.push(part as Buffer)
  await rig.send(LOAD, 'a.zip', Buffer.concat(parts))
  expect(await rig.tree()).toEqual({ 'a.txt': 'a' })

  /** Lets `b.txt` be seen once and no more. */
  function vanishing(open: typeof workspace.openPlace): typeof workspace.openPlace {
    let seen = false
    return async (place) => {
      if (place.path === 'b.txt' && seen) await rm(join(rig.agent.workspace, 'b.txt'))
      seen ||= place.path === 'b.txt'
      return open(place)
    }
  }
})

test('A73: refuses to save more than could be loaded again', async () => {
  await using rig = await startRig()
  await rig.put('a.txt', 'x'.repeat(1_000))
  const workspace = await openWorkspace(rig.agent.workspace)
  const refusal = { code: 'workspace_too_large' }
  await expect(pack(workspace, undefined, { ...ARCHIVE, bytes: 999 })).rejects.toMatchObject(refusal)
  await rig.put('b.txt', '')
  await expect(pack(workspace, undefined, { ...ARCHIVE, entries: 1 })).rejects.toMatchObject(refusal)
})
