import { rmSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, expect, test, vi } from 'vitest'
import { FILES, type Files } from '../../src/gateway/store/files.ts'
import { eventually, within } from '../rig/wait.ts'
import { ROOMY } from '../store/contract.ts'
import { batch, born, filled, finished, readNow, readToEnd } from '../store/tools.ts'
import { Faulty, failing } from './faulty.ts'
import { Place } from './place.ts'

afterEach(() => vi.useRealTimers())

const AGAIN = 'the journal can be written again; everything that is in memory is in it'
const trouble = (reason: string) =>
  `the journal cannot be written (${reason}): answers go on from memory and would be lost with the process`

test('F33: goes on from memory while the disk refuses, says so once, and makes up for it by itself', async () => {
  await using place = new Place()
  const faulty = new Faulty()
  const store = await place.open({ files: faulty.files })
  const before = await finished(store, batch('before'))
  const running = await born(store)
  const reading = readToEnd(store, running, 0)
  await store.append(running, batch('1 '))
  expect(store.health()).toEqual({ durable: true })
  faulty.fault = { writevSync: 'EIO' }
  expect(await store.append(running, batch('2 '))).toBe('stored')
  expect(store.health()).toEqual({ durable: false, detail: 'the journal cannot be written: EIO' })
  const during = await finished(store, batch('during'))
  expect(String(await readNow(store, during))).toBe('during')
  await eventually('a try that fails', () => faulty.calls.writevSync > 6)
  await store.append(running, batch('3 '))
  faulty.fault = {}
  await eventually('the recovery', () => store.health().durable)
  expect(place.said).toEqual([trouble('EIO: it failed'), AGAIN])
  const left = place.copy()
  await store.append(running, batch('4'))
  await store.end(running, { reason: 'done' })
  expect(String(await within('the reader', reading))).toBe('1 2 3 4')
  const again = await left.open()
  const texts = await Promise.all([before, during, running].map((id) => readNow(again, id)))
  expect(texts.map(String)).toEqual(['before', 'during', '1 2 3 '])
  expect(await again.info(during)).toMatchObject({ status: 'done' })
  const whole = await place.copy().open()
  expect(String(await readNow(whole, running))).toBe('1 2 3 4')
})

test('counts nothing twice that it had to try again, so that what goes takes nothing else with it', async () => {
  await using place = new Place()
  const faulty = new Faulty()
  const limits = { ...ROOMY, tasks: 2 }
  const store = await place.open({ files: faulty.files, limits, segmentBytes: 6000 })
  const [goes, stays] = [await born(store), await born(store)]
  faulty.fault = { writevSync: 'EIO' }
  await store.append(goes, filled(5000))
  await eventually('a second try that fails', () => faulty.calls.writevSync > 4)
  faulty.fault = {}
  await eventually('the recovery', () => store.health().durable)
  await store.append(stays, filled(1000))
  await store.end(goes, { reason: 'done' })
  await born(store)
  expect(await store.info(goes)).toBeUndefined()
  await store.sweep()
  const again = await place.copy().open()
  expect((await readNow(again, stays)).equals(Buffer.alloc(1000, 0))).toBe(true)
})

test('keeps what was written of a tick whose second part the disk refused', async () => {
  await using place = new Place()
  let refusing = false
  let calls = 0
  const writevSync = ((fd: number, buffers: readonly Uint8Array[]) => {
    if (refusing && ++calls >= 2) throw failing('ENOSPC', 'write')
    return FILES.writevSync(fd, buffers)
  }) as Files['writevSync']
  const store = await place.open({ files: { ...FILES, writevSync } })
  const ids = await Promise.all(Array.from({ length: 4 }, () => born(store)))
  refusing = true
  const texts = ids.map((_, i) => Buffer.alloc(6_000_000, i))
  await Promise.all(ids.map((id, i) => store.append(id, batch(texts[i] ?? ''))))
  expect(calls).toBe(2)
  expect(store.health().durable).toBe(false)
  refusing = false
  await eventually('the recovery', () => store.health().durable)
  await Promise.all(ids.map((id) => store.append(id, filled(100))))
  const again = await place.copy().open()
  for (const [i, id] of ids.entries()) {
    expect(await again.info(id)).toMatchObject({ chunks: 2, bytes: 6_000_100 })
    expect((await readNow(again, id)).subarray(0, 6_000_000).equals(texts[i] ?? Buffer.alloc(0))).toBe(true)
  }
  expect(place.journalBytes).toBeLessThan(25_000_000)
})

test('has on the disk when it says durable again what came while it recovered', async () => {
  await using place = new Place()
  const faulty = new Faulty()
  let meanwhile = async () => {}
  const files = {
    ...faulty.files,
    fdatasync: (async (fd: number) => {
      await meanwhile()
      await FILES.fdatasync(fd)
    }) as Files['fdatasync'],
  }
  const store = await place.open({ files, fsync: 'end' })
  const id = await born(store)
  faulty.fault = { writevSync: 'ENOSPC' }
  await store.append(id, batch('before '))
  let came = false
  meanwhile = async () => {
    if (came) return
    came = true
    await store.append(id, batch('meanwhile'))
    await store.end(id, { reason: 'done' })
  }
  faulty.fault = {}
  await eventually('the recovery', () => came && store.health().durable)
  const again = await place.copy().open()
  expect(await again.info(id)).toMatchObject({ status: 'done' })
  expect(String(await readNow(again, id))).toBe('before meanwhile')
})

test('F35: writes the rest when the system takes less than it was given', async () => {
  await using place = new Place()
  let piece = 0
  const writevSync = ((fd: number, buffers: readonly Uint8Array[]) => {
    const all = Buffer.concat(buffers)
    piece = (piece % 50) + 1
    return FILES.writevSync(fd, [all.subarray(0, piece)])
  }) as Files['writevSync']
  const store = await place.open({ files: { ...FILES, writevSync }, segmentBytes: 3000 })
  const ids = await Promise.all(
    Array.from({ length: 10 }, (_, i) => finished(store, filled(100, i), filled(5000, 2))),
  )
  const again = await place.copy().open()
  for (const [i, id] of ids.entries()) {
    expect(await again.info(id)).toMatchObject({ status: 'done', chunks: i + 2, bytes: 100 * i + 10_000 })
    expect((await readNow(again, id)).equals(await readNow(store, id))).toBe(true)
  }
  expect(place.said).toEqual([])
})

test('leaves nothing of a write that failed half way, though it cannot take it back', async () => {
  for (const cuts of [true, false]) {
    await using place = new Place()
    let failAt = Number.POSITIVE_INFINITY
    const files: Files = {
      ...FILES,
      writevSync: ((fd: number, buffers: readonly Uint8Array[]) => {
        if (failAt <= 0) throw failing('EIO', 'write')
        const written = FILES.writevSync(fd, [Buffer.concat(buffers).subarray(0, failAt)])
        failAt -= written
        return written
      }) as Files['writevSync'],
      ftruncateSync: (fd, size) => {
        if (!cuts) throw failing('EIO', 'ftruncate')
        FILES.ftruncateSync(fd, size)
      },
    }
    const store = await place.open({ files })
    const id = await finished(store, batch('before'))
    failAt = 50
    const other = await born(store)
    await store.append(other, filled(1000))
    expect(store.health().durable).toBe(false)
    failAt = Number.POSITIVE_INFINITY
    await eventually('the recovery', () => store.health().durable)
    await store.append(other, filled(1000))
    const again = await place.copy().open()
    expect(String(await readNow(again, id))).toBe('before')
    expect(await again.info(other)).toMatchObject({ chunks: 2, bytes: 2000 })
  }
})

test('F34: trusts nothing it wrote before a sync that failed: all that is in memory is written again elsewhere', async () => {
  await using place = new Place()
  const faulty = new Faulty()
  const store = await place.open({ files: faulty.files, fsync: '1s' })
  const [done, running] = [await finished(store, batch('done')), await born(store)]
  await store.append(running, batch('running'))
  faulty.fault = { fdatasync: 'EIO' }
  const late = await finished(store, batch('late'))
  await eventually('the trouble', () => !store.health().durable)
  expect(store.health().detail).toBe('the journal cannot be written: EIO')
  faulty.fault = {}
  await eventually('the recovery', () => store.health().durable)
  expect(place.said).toEqual([trouble('EIO: it failed'), AGAIN])
  const [lost = ''] = [...place.journal().keys()]
  const left = place.copy()
  rmSync(left.path(lost))
  const again = await left.open()
  const texts = await Promise.all([done, running, late].map((id) => readNow(again, id)))
  expect(texts.map(String)).toEqual(['done', 'running', 'late'])
})

test('does not write everything again each second to a disk that goes on failing to sync', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  await using place = new Place()
  const faulty = new Faulty()
  const files = { ...faulty.files, syncDirectory: async () => {} }
  const store = await place.open({ files, fsync: '1s' })
  await finished(store, batch('done'))
  faulty.fault = { fdatasync: 'EIO' }
  await finished(store, batch('more'))
  await eventually('the trouble', () => !store.health().durable)
  const before = place.journal().size
  for (let second = 0; second < 40; second++) {
    vi.advanceTimersByTime(1000)
    for (let i = 0; i < 5; i++) await turn()
  }
  const tries = place.journal().size - before
  expect(tries).toBeGreaterThan(2)
  expect(tries).toBeLessThan(8)
  expect(place.said).toHaveLength(1)
})

test('a segment that cannot be deleted yet endangers nothing, and is said once', async () => {
  await using place = new Place()
  const faulty = new Faulty()
  let now = 0
  const limits = { taskBytes: 1e6, totalBytes: 1e6, tasks: 10, ttlMs: 1000 }
  const store = await place.open({ files: faulty.files, limits, clock: () => now, segmentBytes: 1000 })
  for (let i = 0; i < 5; i++) await finished(store, filled(2000))
  now += 1001
  faulty.fault = { unlinkSync: 'EROFS' }
  for (let i = 0; i < 3; i++) await store.sweep()
  expect(store.health()).toEqual({ durable: true })
  expect(place.said).toEqual(['old parts of the journal cannot be deleted (EROFS: it failed): they wait'])
  expect(place.journalBytes).toBeGreaterThan(8000)
  faulty.fault = {}
  await store.sweep()
  expect(place.journalBytes).toBeLessThan(3000)
})
