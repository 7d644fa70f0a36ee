import { execFileSync, spawn } from 'node:child_process'
import {
  chmodSync,
  closeSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { LINE_BYTES } from '../../src/gateway/logs/lines.ts'
import { LogFile, NotAFile } from '../../src/gateway/logs/logfile.ts'
import { numbered, startTail } from './rig.ts'
import { asNobody, handleMethods, openFiles } from './system.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

describe('F53: whatever becomes of the file', () => {
  test('reads a file that is moved away to its end before the new one', async () => {
    await using rig = startTail({ before: [] })
    await rig.look()
    rig.append(['a'])
    await rig.look()
    const late = openSync(rig.path, 'a')
    rig.append(['b'])
    renameSync(rig.path, `${rig.path}.1`)
    expect(await rig.look()).toEqual(['a', 'b'])
    expect(rig.tail).toMatchObject({ state: 'missing', detail: 'the file does not exist' })
    writeSync(late, 'late\n')
    expect(await rig.look()).toEqual(['a', 'b', 'late'])
    rig.append([])
    await rig.look()
    writeSync(late, 'later\nunfinished')
    closeSync(late)
    rig.append(['new'])
    expect(await rig.look()).toEqual(['a', 'b', 'late', 'later', 'unfinished', 'new'])
    expect(rig.tail.state).toBe('following')
  })

  test('starts over when the file was truncated', async () => {
    await using rig = startTail({ before: [] })
    await rig.look()
    rig.append(['a', 'b'])
    rig.write('unfinished')
    await rig.look()
    truncateSync(rig.path)
    rig.append(['c'])
    expect(await rig.look()).toEqual(['a', 'b', 'unfinished', 'c'])
  })

  test.each([
    ['just as long', 'bbb\n'],
    ['longer', 'bbb\nccc\nddd\n'],
  ])('sees a truncation although the file is %s again', async (_how, text) => {
    await using rig = startTail({ before: [] })
    await rig.look()
    rig.append(['aaa'])
    await rig.look()
    truncateSync(rig.path)
    rig.write(text)
    expect(await rig.look()).toEqual(['aaa', ...text.trim().split('\n')])
  })

  test('finds the lines of a writer that goes on at its old place in a truncated file', async () => {
    await using rig = startTail()
    await rig.look()
    const writer = openSync(rig.path, 'w')
    writeSync(writer, 'before\n')
    await rig.look()
    truncateSync(rig.path)
    writeSync(writer, 'after\n')
    closeSync(writer)
    expect(await rig.look()).toEqual(['before', 'after'])
  })

  test('tells the end of a deleted file, lets go of it, and all of its successor', async () => {
    await using rig = startTail({ before: [] })
    await rig.look()
    rig.append(['a'])
    rig.write('unfinished')
    unlinkSync(rig.path)
    expect(await rig.look()).toEqual(['a', 'unfinished'])
    expect(rig.tail.state).toBe('missing')
    expect(openFiles(rig.directory)).toEqual([])
    rig.append(numbered(1, 12))
    expect(await rig.look()).toEqual(['a', 'unfinished', ...numbered(1, 12)])
  })

  test('goes over to a file that was moved over it', async () => {
    await using rig = startTail({ before: ['a'] })
    await rig.look()
    rig.append(['b'])
    writeFileSync(`${rig.path}.new`, `${numbered(1, 12).join('\n')}\n`)
    renameSync(`${rig.path}.new`, rig.path)
    expect(await rig.look()).toEqual(['a', 'b', ...numbered(1, 12)])
  })

  test('goes on where it was when the same file comes back', async () => {
    await using rig = startTail({ before: ['a'] })
    await rig.look()
    renameSync(rig.path, `${rig.path}.1`)
    await rig.look()
    renameSync(`${rig.path}.1`, rig.path)
    rig.append(['b'])
    expect(await rig.look()).toEqual(['a', 'b'])
    expect(rig.tail.state).toBe('following')
  })

  test('follows a symbolic link, also to where it is turned', async () => {
    await using rig = startTail()
    writeFileSync(join(rig.directory, 'one'), 'a\n')
    writeFileSync(join(rig.directory, 'two'), 'b\n')
    symlinkSync('one', rig.path)
    await rig.look()
    unlinkSync(rig.path)
    symlinkSync('two', rig.path)
    expect(await rig.look()).toEqual(['a', 'b'])
    unlinkSync(rig.path)
    symlinkSync('nowhere', rig.path)
    await rig.look()
    expect(rig.tail.state).toBe('missing')
  })

  test.each([
    ['directory', (path: string) => mkdirSync(path), 'not a regular file'],
    ['pipe', (path: string) => execFileSync('mkfifo', [path]), 'not a regular file'],
    ['device', (path: string) => symlinkSync('/dev/zero', path), 'not a regular file'],
    ['circle', (path: string) => symlinkSync('agent.log', path), 'its symbolic links go in a circle'],
  ])(
    'does not touch a %s in its place, says so, and follows the file that comes back',
    async (_what, make, detail) => {
      await using rig = startTail({ before: ['a'] })
      await rig.look()
      unlinkSync(rig.path)
      make(rig.path)
      expect(await rig.look()).toEqual(['a'])
      expect(rig.tail).toMatchObject({ state: 'unreadable', detail })
      rmSync(rig.path, { recursive: true })
      rig.append(['b'])
      expect(await rig.look()).toEqual(['a', 'b'])
      expect(rig.tail.state).toBe('following')
    },
  )

  test('takes nothing from the reader that a pipe in its place is meant for', async () => {
    await using rig = startTail()
    execFileSync('mkfifo', [rig.path])
    const writer = spawn('sh', ['-c', 'echo hello > "$0"', rig.path])
    for (let i = 0; i < 20; i += 1) {
      await rig.look()
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    expect(execFileSync('cat', [rig.path], { encoding: 'utf8', timeout: 5_000 })).toBe('hello\n')
    writer.kill()
  })

  test('never waits for a pipe that takes the place of the file between looking and opening', async () => {
    await using rig = startTail()
    execFileSync('mkfifo', [rig.path])
    await expect(LogFile.open(rig.path, LINE_BYTES)).rejects.toThrow(NotAFile)
    expect(openFiles(rig.directory)).toEqual([])
  })

  test('says when it may not read, and when it may again shows the newest lines', async () => {
    await using rig = startTail({ before: numbered(1, 25) })
    using _ = asNobody(rig.directory)
    chmodSync(rig.path, 0o000)
    expect(await rig.look()).toEqual([])
    expect(rig.tail).toMatchObject({ state: 'unreadable', detail: 'permission denied' })
    chmodSync(rig.path, 0o600)
    expect(await rig.look()).toEqual(numbered(16, 25))
    expect(rig.tail.state).toBe('following')
  })

  test('loses nothing while its directory is closed to it', async () => {
    await using rig = startTail({ before: ['a'] })
    using _ = asNobody(rig.directory)
    await rig.look()
    rig.append(['b'])
    chmodSync(rig.directory, 0o000)
    expect(await rig.look()).toEqual(['a', 'b'])
    expect(rig.tail).toMatchObject({ state: 'unreadable', detail: 'permission denied' })
    chmodSync(rig.directory, 0o700)
    rig.append(['c'])
    expect(await rig.look()).toEqual(['a', 'b', 'c'])
    expect(rig.tail.state).toBe('following')
  })

  test('survives a disk that fails, names no path, and repeats nothing afterwards', async () => {
    await using rig = startTail({ before: ['a'] })
    await rig.look()
    const broken = Object.assign(new Error(`EIO: i/o error, read '${rig.path}'`), { code: 'EIO' })
    vi.spyOn(await handleMethods(rig.path), 'read').mockRejectedValueOnce(broken)
    rig.append(['b'])
    await rig.look()
    expect(rig.tail).toMatchObject({ state: 'unreadable', detail: 'reading failed: EIO' })
    expect(await rig.look()).toEqual(['a', 'b'])
    expect(rig.tail.state).toBe('following')
  })

  test('leaves a file that cannot be read any more for the one that took its place', async () => {
    await using rig = startTail({ before: ['a'] })
    await rig.look()
    renameSync(rig.path, `${rig.path}.1`)
    rig.append(['b'])
    const stale = Object.assign(new Error('stale'), { code: 'ESTALE' })
    vi.spyOn(await handleMethods(rig.path), 'read').mockRejectedValueOnce(stale)
    expect(await rig.look()).toEqual(['a', 'b'])
  })
})
