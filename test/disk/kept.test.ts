import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { ROOMY } from '../store/contract.ts'
import { batch, born, FakeClock, filled, finished, pages, readNow, readToEnd } from '../store/tools.ts'
import { Place } from './place.ts'

const KB = 1000
const SMALL = { ...ROOMY, totalBytes: 100 * KB }

test('frees the memory of the oldest finished logs before it is full, no more than it must, and keeps them', async () => {
  await using place = new Place()
  const store = await place.open({ limits: SMALL })
  const [first, second] = [await finished(store, filled(40 * KB)), await finished(store, filled(40 * KB, 1))]
  const id = await born(store)
  expect(await store.append(id, filled(20 * KB))).toBe('stored')
  expect(store.bytes).toBe(100 * KB)
  expect(await store.append(id, filled(30 * KB))).toBe('stored')
  expect(store.bytes).toBe(90 * KB)
  expect(await store.append(id, filled(50 * KB))).toBe('stored')
  expect(store.bytes).toBe(100 * KB)
  expect(await store.append(id, filled(1))).toBe('full')
  expect(await store.info(id)).toMatchObject({ bytes: 100 * KB, status: 'running' })
  for (const one of [first, second]) {
    expect(await store.info(one)).toMatchObject({ bytes: 40 * KB, chunks: 1, status: 'done' })
    expect((await readNow(store, one)).equals(Buffer.alloc(40 * KB))).toBe(true)
  }
  expect(store.evicted).toBe(0)
})

test('says full when running tasks hold all the memory, and kills none of them', async () => {
  await using place = new Place()
  const store = await place.open({ limits: SMALL })
  const [first, second] = [await born(store), await born(store)]
  expect(await store.append(first, filled(70 * KB))).toBe('stored')
  expect(await store.append(second, filled(20 * KB, 3))).toBe('full')
  expect(await store.info(first)).toMatchObject({ bytes: 70 * KB, status: 'running' })
  expect(await store.info(second)).toMatchObject({ bytes: 20 * KB, status: 'running' })
  await store.end(first, { reason: 'done' })
  expect(await store.append(second, filled(80 * KB))).toBe('stored')
  expect(await readNow(store, first)).toHaveLength(70 * KB)
})

test('keeps every byte of many times more than its memory may hold', async () => {
  await using place = new Place()
  const store = await place.open({ limits: SMALL, segmentBytes: 64 * KB })
  const logs: { readonly id: string; readonly chunks: readonly Buffer[] }[] = []
  for (let i = 0; i < 60; i++) {
    const chunks = Array.from({ length: 1 + (i % 9) }, (_, n) =>
      randomBytes(1 + ((i * 997 + n * 6007) % 9000)),
    )
    const id = await born(store)
    for (const chunk of chunks) expect(await store.append(id, batch(chunk))).toBe('stored')
    await store.end(id, { reason: 'done' })
    logs.push({ id, chunks })
    expect(store.bytes).toBeLessThanOrEqual(SMALL.totalBytes)
  }
  for (const { id, chunks } of logs)
    for (let from = 0; from <= chunks.length; from++) {
      const expected = Buffer.concat(chunks.slice(from))
      expect((await readNow(store, id, from)).equals(expected)).toBe(true)
      expect((await store.read(id, chunks.length))?.end).toEqual({ reason: 'done' })
    }
  expect(store.bytes).toBeLessThanOrEqual(SMALL.totalBytes)
})

test('answers from the disk with a page, not a stream, and with a large chunk alone', async () => {
  await using place = new Place()
  const store = await place.open({ limits: { ...ROOMY, totalBytes: 8_000_000 } })
  const id = await born(store)
  const whole: Buffer[] = []
  for (let i = 0; i < 10; i++) {
    const bytes = randomBytes(400_000)
    whole.push(bytes)
    await store.append(id, { bytes, ends: Array.from({ length: 400 }, (_, n) => (n + 1) * 1000), count: 400 })
  }
  const large = randomBytes(3 << 20)
  await store.append(id, batch('before', large, 'after'))
  await store.end(id, { reason: 'done' })
  await finished(store, filled(1_000_000))
  expect(store.bytes).toBe(1_000_000)
  const seen = await pages(store, id)
  for (const page of seen)
    if (page.bytes.length > 256 << 10) expect([page.from, page.next]).toEqual([4001, 4002])
  const expected = Buffer.concat([...whole, Buffer.from('before'), large, Buffer.from('after')])
  expect(Buffer.concat(seen.map(({ bytes }) => bytes)).equals(expected)).toBe(true)
  expect(seen.length).toBeLessThan(30)
})

test('F51: lets a reader go on from the disk in the midst of a log that left memory under it', async () => {
  await using place = new Place()
  const store = await place.open({ limits: { ...ROOMY, totalBytes: 3_000_000 } })
  const bytes = randomBytes(2_000_000)
  const id = await finished(store, {
    bytes,
    ends: Array.from({ length: 2000 }, (_, n) => (n + 1) * 1000),
    count: 2000,
  })
  let crowded = false
  const seen = await readToEnd(store, id, 0, async () => {
    if (crowded) return
    crowded = true
    await finished(store, filled(1_500_000))
  })
  expect(store.bytes).toBe(1_500_000)
  expect(seen.equals(bytes)).toBe(true)
})

test('forgets what is on the disk alone in its time, and gives its bytes back', async () => {
  await using place = new Place()
  const clock = new FakeClock()
  const store = await place.open({
    limits: { ...SMALL, ttlMs: 1000 },
    clock: clock.now,
    segmentBytes: 10 * KB,
  })
  const ids = []
  for (let i = 0; i < 10; i++) ids.push(await finished(store, filled(40 * KB)))
  clock.pass(1001)
  for (const id of ids) expect(await store.read(id, 0)).toBeUndefined()
  await store.sweep()
  expect([store.bytes, await store.list()]).toEqual([0, []])
  await finished(store, filled(1))
  await store.sweep()
  expect(place.journalBytes).toBeLessThan(10 * KB)
})

test('lets go a log that could not be written when it must, the oldest first, and counts it', async () => {
  await using place = new Place()
  const { FILES } = await import('../../src/gateway/store/files.ts')
  const writevSync = () => {
    throw Object.assign(new Error('EIO: i/o error, write'), { code: 'EIO' })
  }
  const store = await place.open({ limits: SMALL, files: { ...FILES, writevSync } })
  const [first, second] = [await finished(store, filled(40 * KB)), await finished(store, filled(40 * KB))]
  await finished(store, filled(50 * KB))
  expect(await store.info(first)).toBeUndefined()
  expect(await readNow(store, second)).toHaveLength(40 * KB)
  expect(store.evicted).toBe(1)
})
