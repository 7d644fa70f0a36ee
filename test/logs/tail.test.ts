import { appendFileSync, mkdirSync, renameSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { CUT_MARK, LINE_BYTES } from '../../src/gateway/logs/lines.ts'
import { numbered, startTail, until } from './rig.ts'
import { handleMethods, openFiles, watcherMethods } from './system.ts'

const HOUR_MS = 3_600_000

afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
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

  test('F54: cuts a line of ten megabytes and tells the next one', async () => {
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
    await using rig = startTail({ before: ['a'], pollMs: HOUR_MS })
    await until(() => rig.told.length === 1)
    rig.append(['b'])
    await until(() => rig.told.length === 2)
    renameSync(rig.path, `${rig.path}.1`)
    rig.append(['c'])
    await until(() => rig.told.length === 3)
  })

  test('is told when a file comes where there was none', async () => {
    await using rig = startTail({ pollMs: HOUR_MS })
    await until(() => rig.tail.detail === 'the file does not exist')
    rig.append(['a'])
    await until(() => rig.told.length === 1)
  })

  test('looks more often at a file that was moved away and is written to all the same', async () => {
    await using rig = startTail({ before: [], pollMs: HOUR_MS, deafMs: 5 })
    await until(() => rig.tail.state === 'following')
    renameSync(rig.path, `${rig.path}.1`)
    await until(() => rig.tail.state === 'missing')
    for (const line of ['a', 'b', 'c']) appendFileSync(`${rig.path}.1`, `${line}\n`)
    await until(() => rig.told.length === 3)
  })

  test.each([
    ['looks more often once something came that the system did not tell of', true],
    ['looks no more often as long as the system tells of everything', false],
  ])('%s', async (_title, isElsewhere) => {
    const pauses = vi.spyOn(globalThis, 'setTimeout')
    const [pollMs, deafMs] = [333, 77]
    await using rig = startTail({ before: [], pollMs, deafMs })
    if (isElsewhere) {
      mkdirSync(join(rig.directory, 'elsewhere'))
      renameSync(rig.path, join(rig.directory, 'elsewhere/agent.log'))
      symlinkSync('elsewhere/agent.log', rig.path)
    }
    for (const count of [1, 2, 3]) {
      rig.append([`${count}`])
      await until(() => rig.told.length === count)
    }
    // Rests and the waiting of this test are shorter.
    const all = () => pauses.mock.calls.flatMap(([, ms = 0]) => (ms > 12 ? [ms] : []))
    const told = all().length + 1
    await until(() => all().length >= told + 3)
    // A beat may be a millisecond longer than its length.
    expect(Math.max(...all().slice(told)) <= deafMs + 1).toBe(isElsewhere)
  })

  test('reads nothing of a file that nobody touched, and all of one that was written anew with as many bytes, though nothing said so and the first try fails', async () => {
    await using rig = startTail({ name: 'logs/agent.log', pollMs: 5 })
    mkdirSync(join(rig.directory, 'elsewhere'))
    const file = join(rig.directory, 'elsewhere/agent.log')
    writeFileSync(file, 'one\n')
    mkdirSync(join(rig.directory, 'logs'))
    symlinkSync(file, rig.path)
    await rig.look()
    vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + 5_000 })
    const reads = vi.spyOn(await handleMethods(file), 'read')
    const pauses = vi.spyOn(globalThis, 'setTimeout')
    const looks = () => pauses.mock.calls.filter(([, ms = 0]) => ms > 2 && ms <= 5).length
    await until(() => looks() > 3)
    reads.mockClear()
    await until(() => looks() > 20)
    expect(reads).not.toHaveBeenCalled()
    reads.mockRejectedValueOnce(Object.assign(new Error('it failed'), { code: 'EIO' }))
    writeFileSync(file, 'two\n')
    await until(() => rig.told.length === 2)
    expect(rig.told).toEqual(['one', 'two'])
  })

  test('is told of changes in a directory that took the place of the one it knew, too', async () => {
    await using rig = startTail({ name: 'logs/agent.log', pollMs: HOUR_MS })
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
