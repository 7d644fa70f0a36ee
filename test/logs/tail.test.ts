import { execFileSync, spawn } from 'node:child_process'
import {
  appendFileSync,
  chmodSync,
  closeSync,
  type FSWatcher,
  mkdirSync,
  openSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  unlinkSync,
  watch,
  writeFileSync,
  writeSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { CUT_MARK, LINE_BYTES } from '../../src/gateway/logs/lines.ts'
import { LogFile, NotAFile } from '../../src/gateway/logs/logfile.ts'
import { numbered, startTail, until } from './rig.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

describe('at the start', () => {
  test('tells the newest ten lines of a file that is there, then what comes', async () => {
    await using rig = startTail({ before: numbered(1, 25) })
    expect(await rig.look()).toEqual(numbered(16, 25))
    rig.append(numbered(26, 27))
    expect(await rig.look()).toEqual(numbered(16, 27))
    expect(rig.tail).toMatchObject({ state: 'following', detail: undefined })
  })

  test('counts an unfinished last line, and does not repeat it when it goes on', async () => {
    await using rig = startTail({ before: `${numbered(1, 12).join('\n')}\nlast wor` })
    expect(await rig.look()).toEqual([...numbered(4, 12), 'last wor'])
    rig.write('ds\nnext\n')
    expect(await rig.look()).toEqual([...numbered(4, 12), 'last wor', 'ds', 'next'])
  })

  test('looks at no more of a huge file than its end', async () => {
    await using rig = startTail({ before: 'x'.repeat(30_000_000) })
    appendFileSync(rig.path, `\n${numbered(1, 3).join('\n')}\n`)
    const reads = vi.spyOn(await handleMethods(rig.path), 'read')
    expect(await rig.look()).toEqual(numbered(1, 3))
    expect(reads.mock.calls.length).toBeLessThan(6)
  })

  test('tells all of a file that appears later', async () => {
    await using rig = startTail()
    expect(await rig.look()).toEqual([])
    expect(rig.tail).toMatchObject({ state: 'missing', detail: 'the file does not exist' })
    rig.append(numbered(1, 25))
    expect(await rig.look()).toEqual(numbered(1, 25))
  })

  test('waits for a directory that is not there either', async () => {
    await using rig = startTail({ name: 'not/yet/agent.log' })
    await rig.look()
    expect(rig.tail.state).toBe('missing')
    writeFileSync(join(rig.directory, 'not'), 'a file')
    await rig.look()
    expect(rig.tail.state).toBe('missing')
    unlinkSync(join(rig.directory, 'not'))
    mkdirSync(join(rig.path, '..'), { recursive: true })
    rig.append(['a'])
    expect(await rig.look()).toEqual(['a'])
  })
})

describe('while it follows', () => {
  test('tells a line when its newline comes', async () => {
    await using rig = startTail({ before: [] })
    await rig.look()
    rig.write('one li')
    expect(await rig.look()).toEqual([])
    rig.write('ne\r\n')
    expect(await rig.look()).toEqual(['one line'])
  })

  test('replaces what is not UTF-8 and goes on', async () => {
    await using rig = startTail({ before: [] })
    await rig.look()
    rig.write(Buffer.from([0x62, 0xff, 0x64, 10, 0xc3, 10, 0xfe, 1, 10]))
    rig.append(['next'])
    expect(await rig.look()).toEqual(['b�d', '�', '�\u0001', 'next'])
  })

  test('cuts a line of ten megabytes and tells the next one', async () => {
    await using rig = startTail({ before: [] })
    await rig.look()
    rig.append(['x'.repeat(10_000_000), 'next'])
    expect(await rig.look()).toEqual(['x'.repeat(LINE_BYTES) + CUT_MARK, 'next'])
  })

  test('tells all lines of a read in one call, and lets others have a turn between reads', async () => {
    await using rig = startTail({ before: [] })
    await rig.look()
    const lines = numbered(1, 100_000)
    rig.append(lines)
    let turns = 0
    let running = true
    const turn = () => {
      turns += 1
      if (running) setImmediate(turn)
    }
    turn()
    const turnsAtCalls: number[] = []
    rig.onCall(() => turnsAtCalls.push(turns))
    expect(await rig.look()).toEqual(lines)
    running = false
    expect(rig.calls).toBeGreaterThan(10)
    expect(rig.calls).toBeLessThan(50)
    expect(new Set(turnsAtCalls).size).toBe(turnsAtCalls.length)
  })
})

describe('whatever becomes of the file', () => {
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

describe('by itself', () => {
  test('finds new lines, new files and successors by looking every now and then', async () => {
    await using rig = startTail({ pollMs: 5 })
    await until(() => rig.tail.detail === 'the file does not exist')
    rig.append(['a'])
    await until(() => rig.told.length === 1)
    renameSync(rig.path, `${rig.path}.1`)
    rig.append(['b'])
    await until(() => rig.told.length === 2)
    expect(rig.told).toEqual(['a', 'b'])
  })

  test('does not wait for the next look when the system says that the file changed', async () => {
    await using rig = startTail({ before: ['a'], pollMs: 3_600_000 })
    await until(() => rig.told.length === 1)
    rig.append(['b'])
    await until(() => rig.told.length === 2)
    renameSync(rig.path, `${rig.path}.1`)
    rig.append(['c'])
    await until(() => rig.told.length === 3)
  })

  test('is told of changes in a directory that took the place of the one it knew, too', async () => {
    await using rig = startTail({ name: 'logs/agent.log', pollMs: 3_600_000 })
    const logs = join(rig.directory, 'logs')
    mkdirSync(logs)
    rig.append(['a'])
    await rig.look()
    renameSync(logs, `${logs}.old`)
    mkdirSync(logs)
    rig.append(['b'])
    await rig.look()
    rig.append(['c'])
    await until(() => rig.told.length === 3)
  })

  test('loses none of 50,000 lines while the file is moved away again and again', async () => {
    await using rig = startTail({ pollMs: 20 })
    await until(() => rig.tail.detail === 'the file does not exist')
    for (let part = 0; part < 5; part += 1) {
      for (let i = 0; i < 10; i += 1) {
        const first = part * 10_000 + i * 1_000 + 1
        rig.append(numbered(first, first + 999))
        await new Promise(setImmediate)
      }
      // A file that comes and goes between two looks would not be seen.
      await until(() => rig.told.length > part * 10_000)
      renameSync(rig.path, `${rig.path}.${part}`)
    }
    await until(() => rig.told.length === 50_000)
    expect(rig.told).toEqual(numbered(1, 50_000))
  })

  test('stops when the signal says so, in the midst of reading too, and holds nothing open', async () => {
    await using rig = startTail({ before: [], pollMs: 5 })
    await until(() => rig.tail.state === 'following')
    rig.append(numbered(1, 100_000))
    const reads = vi.spyOn(await handleMethods(rig.path), 'read')
    const closes = vi.spyOn(watcherMethods(), 'close')
    await until(() => rig.told.length > 0)
    rig.stop()
    const told = rig.told.length
    const readBefore = reads.mock.calls.length
    expect(told).toBeLessThan(100_000)
    await until(() => openFiles(rig.directory).length === 0)
    await rig.tail.poll()
    expect(reads.mock.calls.length).toBe(readBefore)
    expect(closes).toHaveBeenCalledOnce()
    expect(rig.told.length).toBe(told)
  })
})

function openFiles(directory: string): string[] {
  const links = readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`)
    } catch {
      return ''
    }
  })
  return links.filter((link) => link.startsWith(directory))
}

/** What every file handle of `node:fs/promises` shares. */
async function handleMethods(path: string): Promise<Awaited<ReturnType<typeof open>>> {
  const handle = await open(path)
  await handle.close()
  return Object.getPrototypeOf(handle)
}

function watcherMethods(): FSWatcher {
  const watcher = watch('/', { persistent: false })
  watcher.close()
  return Object.getPrototypeOf(watcher)
}

/** Permissions do not bind root. */
function asNobody(directory: string): Disposable {
  const id = process.geteuid?.()
  if (id !== 0) return { [Symbol.dispose]: () => {} }
  execFileSync('chown', ['-R', '65534', directory])
  process.seteuid?.(65534)
  return { [Symbol.dispose]: () => void process.seteuid?.(0) }
}
