import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { DiskStore } from '../../src/gateway/store/disk.ts'
import { FILES } from '../../src/gateway/store/files.ts'
import { ROOMY } from '../store/contract.ts'
import { batch, born, FakeClock, filled, finished, readNow } from '../store/tools.ts'
import { Place } from './place.ts'

const segmentBytes = 5000
const HEAD_BYTES = 24
/** The records of a task and its end, at most. */
const FRAME_BYTES = 400

/** What the records of everything that is known take, at most: a record for each chunk. */
async function alive(store: DiskStore): Promise<number> {
  const infos = await store.list()
  return infos.reduce((sum, { bytes, chunks }) => sum + FRAME_BYTES + bytes + chunks * HEAD_BYTES, 0)
}

const act = fc.oneof(
  { weight: 3, arbitrary: fc.constant({ kind: 'create' as const }) },
  {
    weight: 12,
    arbitrary: fc.record({ kind: fc.constant('append' as const), task: fc.nat(), bytes: fc.nat(1500) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('end' as const), task: fc.nat() }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(400) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
)

test('the journal takes no more than twice what is alive and one segment, whatever happens, also after a start', async () => {
  const limits = { ...ROOMY, tasks: 8, totalBytes: 20_000, ttlMs: 1000 }
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 50, maxLength: 300 }), async (acts) => {
      await using place = new Place()
      const clock = new FakeClock()
      let store = await place.open({ limits, segmentBytes, clock: clock.now })
      const texts = new Map<string, Buffer[]>()
      const running: string[] = []
      for (const one of acts) {
        if (one.kind === 'create' && running.length < 6) {
          const id = await born(store)
          running.push(id)
          texts.set(id, [])
        } else if (one.kind === 'append') {
          const id = running[one.task % running.length]
          const chunk = randomBytes(one.bytes)
          if (id && (await store.append(id, batch(chunk))) === 'stored') texts.get(id)?.push(chunk)
        } else if (one.kind === 'end') {
          const [id] = running.splice(one.task % Math.max(1, running.length), 1)
          if (id) await store.end(id, { reason: 'done' })
        } else if (one.kind === 'pass') clock.pass(one.ms)
        else if (one.kind === 'restart') {
          await store.close()
          store = await place.open({ limits, segmentBytes, clock: clock.now })
          running.length = 0
        }
        if (one.kind === 'append' || one.kind === 'create') continue
        await store.sweep()
        expect(place.journalBytes).toBe(store.diskBytes)
        expect(place.journalBytes).toBeLessThanOrEqual(2 * (await alive(store)) + segmentBytes)
      }
      for (const { id } of await store.list())
        expect((await readNow(store, id)).equals(Buffer.concat(texts.get(id) ?? []))).toBe(true)
      expect(place.said).toEqual([])
    }),
    { numRuns: 40 },
  )
})

test('a small answer that runs for long holds no segment that is dead but for it', async () => {
  await using place = new Place()
  const clock = new FakeClock()
  const limits = { ...ROOMY, ttlMs: 1000 }
  const store = await place.open({ limits, segmentBytes, clock: clock.now })
  const tiny = await born(store)
  for (let i = 0; i < 100; i++) {
    await store.append(tiny, batch(`${i};`))
    await finished(store, filled(4000, 2))
    clock.pass(300)
    await store.sweep()
  }
  clock.pass(1001)
  await store.sweep()
  expect(place.journalBytes).toBeLessThan(2 * segmentBytes)
  const text = Array.from({ length: 100 }, (_, i) => `${i};`).join('')
  expect(String(await readNow(store, tiny))).toBe(text)
  expect(String(await readNow(await place.copy().open(), tiny))).toBe(text)
})

test('what nothing needs is gone with the next sweep, to the last segment but one', async () => {
  await using place = new Place()
  const clock = new FakeClock()
  const store = await place.open({ limits: { ...ROOMY, ttlMs: 1000 }, segmentBytes, clock: clock.now })
  for (let i = 0; i < 20; i++) await finished(store, filled(3000, 1))
  expect(place.journalBytes).toBeGreaterThan(60_000)
  clock.pass(1001)
  await store.sweep()
  expect(place.journalBytes).toBeLessThan(segmentBytes + 4000)
})

test('answers are read right while the segments they lie in are cleared', async () => {
  await using place = new Place()
  const clock = new FakeClock()
  const limits = { ...ROOMY, totalBytes: 100_000, ttlMs: 1_000 }
  const store = await place.open({ limits, segmentBytes: 300_000, clock: clock.now })
  const kept: { readonly id: string; readonly text: Buffer }[] = []
  const running: string[] = []
  for (let i = 0; i < 10; i++) running.push(await born(store))
  for (let round = 0; round < 12; round++) {
    const text = randomBytes(60_000)
    const ends = Array.from({ length: 60 }, (_, n) => (n + 1) * 1000)
    // Between two that will go lies one that stays.
    for (let i = 0; i < 3; i++) await finished(store, filled(30_000, 3))
    clock.pass(80)
    kept.push({ id: await finished(store, { bytes: text, ends }), text })
  }
  clock.pass(400)
  let reading = true
  let reads = 0
  const read = async () => {
    while (reading)
      for (const { id, text } of kept) {
        const info = await store.info(id)
        if (!info) continue
        const now = await readNow(store, id).catch(() => undefined)
        if (!(await store.info(id))) continue
        expect(now?.equals(text)).toBe(true)
        reads++
      }
  }
  const readers = [read(), read(), read()]
  const before = place.journalBytes
  for (let i = 0; i < 6; i++) {
    clock.pass(80)
    await store.sweep()
  }
  reading = false
  await Promise.all(readers)
  expect(reads).toBeGreaterThan(5)
  expect(place.journalBytes).toBeLessThan(before / 2)
  expect(place.said).toEqual([])
  expect((await store.list()).length).toBeGreaterThan(10)
})

test('an answer that was forgotten stays so, though a part of it lies where another is alive', async () => {
  await using place = new Place()
  const limits = { ...ROOMY, tasks: 3 }
  const store = await place.open({ limits, segmentBytes })
  const alive = await born(store)
  const first = await born(store)
  await store.append(alive, filled(3000))
  // Its beginning lies with what stays, the rest does not.
  await store.append(first, filled(1000))
  for (let i = 0; i < 10; i++) await store.append(first, filled(4000))
  await store.end(first, { reason: 'done' })
  const others = [await finished(store, filled(10)), await finished(store, filled(10))]
  expect(await store.info(first)).toBeUndefined()
  await store.sweep()
  const left = place.copy()
  const again = await left.open({ limits: ROOMY })
  expect((await again.list()).map(({ id }) => id)).toEqual([...others.toReversed(), alive])
  expect(left.said).toEqual([])
})

test('nothing is deleted before what was copied from it is synced', async () => {
  await using place = new Place()
  const clock = new FakeClock()
  const done: string[] = []
  const files = {
    ...FILES,
    fdatasync: async (fd: number) => {
      await FILES.fdatasync(fd)
      done.push('sync')
    },
    unlinkSync: (path: string) => {
      FILES.unlinkSync(path)
      done.push('delete')
    },
    writevSync: (fd: number, buffers: NodeJS.ArrayBufferView[]) => {
      done.push('write')
      return FILES.writevSync(fd, buffers)
    },
  } as typeof FILES
  const limits = { ...ROOMY, ttlMs: 1000 }
  const store = await place.open({ limits, segmentBytes, clock: clock.now, fsync: 'end', files })
  const tiny = await born(store)
  await store.append(tiny, batch('alive'))
  for (let i = 0; i < 4; i++) await finished(store, filled(4000, 2))
  clock.pass(1001)
  done.length = 0
  await store.sweep()
  expect(done.lastIndexOf('write')).toBeGreaterThanOrEqual(0)
  expect(done.indexOf('sync', done.lastIndexOf('write'))).toBeGreaterThan(0)
  expect(done.lastIndexOf('delete')).toBeGreaterThan(done.indexOf('sync', done.lastIndexOf('write')))
  expect(String(await readNow(store, tiny))).toBe('alive')
})
