import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { DiskStore } from '../../src/gateway/store/disk.ts'
import { FILES } from '../../src/gateway/store/files.ts'
import { gate } from '../rig/wait.ts'
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

/** Most chunks are small and some fill a segment, so that what is dead and what is alive lie side by side. */
const bytes = fc.oneof({ weight: 4, arbitrary: fc.nat(20) }, { weight: 1, arbitrary: fc.nat(6000) })
const act = fc.oneof(
  { weight: 9, arbitrary: fc.constant({ kind: 'create' as const }) },
  { weight: 60, arbitrary: fc.record({ kind: fc.constant('append' as const), task: fc.nat(), bytes }) },
  { weight: 9, arbitrary: fc.record({ kind: fc.constant('end' as const), task: fc.nat() }) },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.nat(1500) }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
)

test('the journal takes no more than twice what is alive and one segment, whatever happens, also after a start', async () => {
  const limits = { ...ROOMY, tasks: 8, totalBytes: 20_000, ttlMs: 1000 }
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 300, maxLength: 600 }), async (acts) => {
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
    { numRuns: 25 },
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
  const id = await born(store)
  await Promise.all([store.append(id, filled(9000)), store.end(id, { reason: 'done' })])
  expect(place.journalBytes).toBeGreaterThan(60_000)
  clock.pass(1001)
  await store.sweep()
  expect(place.journalBytes).toBeLessThanOrEqual(segmentBytes)
})

test('answers are read right though one is copied elsewhere between the look and the reading', async () => {
  await using place = new Place()
  const clock = new FakeClock()
  const texts = Array.from({ length: 3 }, () => randomBytes(2000))
  const door = gate()
  let looked = 0
  const files = {
    ...FILES,
    async read(...args: Parameters<typeof FILES.read>) {
      if (++looked <= texts.length) await door.opened
      return FILES.read(...args)
    },
  }
  const limits = { ...ROOMY, totalBytes: 26_000, ttlMs: 1000 }
  const store = await place.open({ limits, segmentBytes: 28_000, clock: clock.now, files })
  const ids = [await born(store), await born(store), await born(store)]
  for (const [i, id] of ids.entries()) {
    await store.append(id, batch(texts[i] ?? ''))
    for (let n = 0; n < 6; n++) await finished(store, filled(4500))
  }
  clock.pass(900)
  for (const id of ids) await store.end(id, { reason: 'done' })
  await finished(store, filled(25_000))
  expect(store.bytes).toBe(25_000)
  clock.pass(200)
  const names = [...place.journal().keys()]
  const reading = Promise.all(ids.map((id) => readNow(store, id)))
  expect(looked).toBe(ids.length)
  await store.sweep()
  const left = [...place.journal().keys()]
  expect(left.length).toBeLessThan(names.length)
  door.open()
  expect((await reading).map((text, i) => text.equals(texts[i] ?? text.subarray(1)))).toEqual([
    true,
    true,
    true,
  ])
  expect(place.said).toEqual([])
})

test('an answer that was forgotten stays so, though a part of it lies where another is alive', async () => {
  await using place = new Place()
  const limits = { ...ROOMY, tasks: 3 }
  const store = await place.open({ limits, segmentBytes })
  const alive = await born(store)
  const first = await born(store)
  // What stays is most of this segment, so it is not cleared.
  await store.append(alive, filled(20_000))
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
