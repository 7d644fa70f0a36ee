import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { inWords, openJournal } from '../../src/agent/journal.ts'
import { hear, startRig } from './rig.ts'

const LINE =
  /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3} \[[\x21-\x7e]{1,8}\] \p{Extended_Pictographic} [A-Z ]+( : .+)?$/u

async function startJournal(secrets: readonly string[] = [], rotateBytes?: number) {
  const folder = await mkdtemp(join(tmpdir(), 'ghost-journal-'))
  const file = join(folder, 'agent.log')
  const journal = openJournal(file, secrets, () => new Date('2026-11-22T10:11:12.345Z'), rotateBytes)
  return {
    journal,
    folder,
    file,
    read: () => readFile(file, 'utf8'),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  }
}

test('writes one line an event, in one form', async () => {
  await using it = await startJournal()
  it.journal.tell('🚀', 'REQUEST STARTED', '2 messages', '0123456789')
  it.journal.tell('👻', 'AGENT READY')
  it.journal.error(new Error('broken', { cause: new Error('a pipe') }), '0123456789')
  expect(await it.read()).toBe(
    [
      '2026-11-22 10:11:12.345 [01234567] 🚀 REQUEST STARTED : 2 messages',
      '2026-11-22 10:11:12.345 [agent] 👻 AGENT READY',
      '2026-11-22 10:11:12.345 [01234567] ❌ ERROR : broken (a pipe)',
      '',
    ].join('\n'),
  )
})

test('A17, A82: lets no value begin a line of its own, or run on without end', async () => {
  await using it = await startJournal()
  it.journal.tell('🧠', 'PLANNER MONOLOGUE', 'one\r\ntwo\tthree\u2028four\u001b[31mfive\u202esix')
  it.journal.tell('🧠', 'PLANNER MONOLOGUE', 'x'.repeat(10_000))
  const [first, second, ...rest] = (await it.read()).split('\n')
  expect(first).toContain('one\\r\\ntwo\\tthree four [31mfive six')
  expect(second?.length).toBeLessThan(2_100)
  expect(rest).toEqual([''])
})

test('calls only an error an error', async () => {
  await using it = await startJournal()
  it.journal.tell('📖', 'TOOL', 'read_file ERROR.log of TypeException')
  expect(await it.read()).toContain('read_file error.log of Typeexception')
  it.journal.error('')
  expect(await it.read()).toMatch(/ERROR : unknown\n$/)
})

test('A17: keeps secrets out, wherever they come', async () => {
  await using it = await startJournal(['sesame', ''])
  it.journal.tell('🚀', 'REQUEST STARTED', 'open sesame')
  it.journal.error(new Error('sesame\nsesame'))
  expect(await it.read()).not.toContain('sesame')
})

test('stays within its size and keeps the file before', async () => {
  await using it = await startJournal([], 1_000)
  for (let n = 0; n < 100; n++) it.journal.tell('🔧', 'TOOL', `number ${n}`)
  expect((await readdir(it.folder)).sort()).toEqual(['agent.log', 'agent.log.1'])
  expect((await it.read()).length).toBeLessThan(1_100)
  expect(await it.read()).toContain('number 99')
})

test('goes on when its file is taken away', async () => {
  await using it = await startJournal()
  it.journal.tell('🔧', 'TOOL', 'one')
  await rm(it.file)
  it.journal.tell('🔧', 'TOOL', 'two')
  expect(await it.read()).toContain('two')
})

test('has words for whatever was thrown', () => {
  expect(inWords(new TypeError())).toBe('TypeError')
  expect(inWords(undefined)).toBe('undefined')
  expect(inWords('')).toBe('unknown')
})

test('tells the whole life of a turn, file and workspace', async () => {
  await using rig = await startRig()
  await rig.send('/api/upload', 'a.txt', 'x')
  await hear(await rig.chat('tools', { headers: { 'x-request-id': 'turn-one' } }))
  await hear(await rig.chat('fail', { headers: { 'x-request-id': 'turn-two' } }))
  await (await rig.post('/api/workspace/save', {})).arrayBuffer()
  const lines = (await rig.log()).trimEnd().split('\n')
  for (const line of lines) expect(line).toMatch(LINE)
  const told = lines.map((line) => line.slice(line.indexOf('[')).replace(/\d\.\d s/, 'N s'))
  expect(told).toEqual([
    '[agent] 👻 AGENT READY : demo, no model',
    '[agent] 📥 FILE UPLOADED : a.txt (1 byte)',
    '[turn-one] 🚀 REQUEST STARTED : messages: 1',
    '[turn-one] 🧠 PLANNER MONOLOGUE : they ask for: tools',
    '[turn-one] 📂 LIST FILES',
    '[turn-one] 📝 WRITE FILE : demo/hello.md',
    '[turn-one] 📖 READ FILE : demo/hello.md',
    '[turn-one] 🏁 REQUEST FINISHED : done in N s',
    '[turn-two] 🚀 REQUEST STARTED : messages: 1',
    '[turn-two] 🧠 PLANNER MONOLOGUE : they ask for: fail',
    '[turn-two] ❌ ERROR : the demo was asked to fail, and did',
    '[turn-two] 🏁 REQUEST FINISHED : failed after N s',
    '[agent] 💾 WORKSPACE SAVED : files: 2, 37 bytes',
  ])
})

test('appends to the log of the agent before', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'ghost-agent-'))
  await writeFile(join(dataDir, 'agent.log'), 'an older line\n')
  await using rig = await startRig({ dataDir })
  expect(await rig.log()).toMatch(/^an older line\n2\d{3}-/)
})
