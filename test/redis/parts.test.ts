import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Entry } from '../../src/gateway/store/redis/entries.ts'
import { Followed } from '../../src/gateway/store/redis/followed.ts'
import { SCRIPTS } from '../../src/gateway/store/redis/scripts.ts'
import type { Page } from '../../src/gateway/store/store.ts'
import { batch } from '../store/tools.ts'
import { RedisServer } from './server.ts'

const entry = (chunks: number, ...texts: readonly string[]): Entry => ({ chunks, batch: batch(...texts) })
const text = (page: Page | undefined) => page && String(Buffer.concat(page.bytes))

function followed(chunks: number): Followed {
  const it = new Followed('id')
  const row = { id: 'id', status: 'running', chunks, bytes: 0, createdAt: 0 } as const
  it.begin({ ...row, finishedAt: undefined, end: undefined, by: undefined })
  return it
}

describe('a task that is followed', () => {
  test('takes what it has already for what it has, and the rest for new', () => {
    const it = followed(2)
    it.take([entry(4, 'c', 'd'), entry(5, 'b', 'c', 'd', 'e'), entry(5, 'e'), entry(6, 'f')])
    expect(text(it.page(2))).toBe('cdef')
    expect(it.next).toBe(6)
  })

  test('shows nothing behind a gap, and is of no use any more', () => {
    const it = followed(0)
    it.take([entry(1, 'a'), entry(3, 'c')])
    expect(it.live).toBe(false)
    expect(it.page(0)).toBeUndefined()
    expect(it.has(1_000)).toBe(true)
  })

  test('takes nothing after the end', () => {
    const it = followed(0)
    it.take([entry(1, 'a'), { end: { reason: 'done' } }, entry(2, 'b')])
    it.take([entry(2, 'b')])
    expect(it.page(0)).toMatchObject({ next: 1, end: { reason: 'done' } })
  })

  test('knows nothing until it is told how far the log is', () => {
    const it = new Followed('id')
    it.take([entry(1, 'a')])
    expect([it.page(0), it.has(0), it.live]).toEqual([undefined, false, false])
  })
})

describe('the script that appends', () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await RedisServer.start('--appendonly', 'no')
  })
  afterAll(() => redis[Symbol.asyncDispose]())

  const append = (...pieces: readonly (readonly [task: string, entry: string])[]) => {
    const table = pieces.map(([task, entry]) => `${task} ${entry} 5 4\n`).join('')
    return redis.ask(['EVAL', SCRIPTS.append.text, '0', '', table, pieces.map(() => 'bytesends').join('')])
  }

  test('tries nothing of a log after a piece that was refused, and everything of the others', async () => {
    for (const log of ['log:one', 'log:two']) await redis.ask(['XADD', log, '5-5', 'b', 'x'])
    const answers = await append(
      ['one', '6-6'],
      ['two', '5-5'],
      ['one', '7-7'],
      ['two', '8-8'],
      ['none', '1-1'],
    )
    const refused = expect.stringMatching(/^ERR The ID /)
    expect(answers).toEqual([1, refused, 1, refused, 'GONE'])
    expect(await redis.ask(['XLEN', 'log:one'])).toBe(3)
    expect(await redis.ask(['XLEN', 'log:two'])).toBe(1)
    expect(await redis.ask(['EXISTS', 'log:none'])).toBe(0)
  })
})
