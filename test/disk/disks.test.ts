import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  mkdtempSync,
  renameSync,
  rmdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { eventually, within } from '../rig/wait.ts'
import { ROOMY } from '../store/contract.ts'
import { batch, born, filled, finished, readNow, readToEnd } from '../store/tools.ts'
import { Place } from './place.ts'

const NOBODY = 65534
const AGAIN = 'the journal can be written again; everything that is in memory is in it'
const mounted: string[] = []
afterAll(() => {
  for (const dir of mounted) {
    execFileSync('umount', ['-l', dir])
    rmdirSync(dir)
  }
})

/** A small disk of its own; undefined where none can be mounted. */
function smallDisk(): string | undefined {
  const dir = mkdtempSync(join(tmpdir(), 'ghost-small-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', dir], { stdio: 'pipe' })
    mounted.push(dir)
    return dir
  } catch {
    return undefined
  }
}
const disks = [smallDisk(), smallDisk(), smallDisk()]
const onDisk = test.skipIf(disks.includes(undefined))
if (disks.includes(undefined))
  console.log('not tested: full and read-only disks, since none can be mounted here')

const isRoot = process.getuid?.() === 0 && process.seteuid !== undefined
const asNobody = test.skipIf(!isRoot)
if (!isRoot) console.log('not tested: directories without permission, since this is not root')

/** With the rights of somebody who has none. */
async function unprivileged<T>(act: () => Promise<T>): Promise<T> {
  process.seteuid?.(NOBODY)
  try {
    return await act()
  } finally {
    process.seteuid?.(0)
  }
}

onDisk('F30: goes on when the disk is full, and has everything on it when there is room again', async () => {
  await using place = new Place(join(disks[0] ?? '', 'data'))
  const store = await place.open({ fsync: '1s' })
  const ballast = join(disks[0] ?? '', 'ballast')
  writeFileSync(ballast, Buffer.alloc(2_000_000))
  const running = await born(store)
  const reading = readToEnd(store, running, 0)
  const before = await finished(store, filled(1_000_000))
  for (let i = 0; i < 30; i++) expect(await store.append(running, filled(100_000, 2))).toBe('stored')
  expect(store.health()).toEqual({ durable: false, detail: 'the journal cannot be written: ENOSPC' })
  const after = await finished(store, filled(1000, 3))
  expect(await readNow(store, before)).toHaveLength(1_000_000)
  expect(await readNow(store, after)).toHaveLength(3000)
  await store.end(running, { reason: 'done' })
  expect(await within('the reader', reading)).toHaveLength(6_000_000)
  expect(place.said).toHaveLength(1)
  expect(place.said[0]).toContain('(ENOSPC: no space left on device)')
  // More than there is room for: what fits not stays in memory, and is still not called durable.
  rmSync(ballast)
  await store.sweep()
  expect(store.health().durable).toBe(false)
  execFileSync('mount', ['-o', 'remount,size=20m', disks[0] ?? ''])
  await eventually('the recovery', () => store.health().durable)
  expect(place.said.slice(1)).toEqual([AGAIN])
  const again = await place.copy().open()
  expect(await again.list()).toEqual(await store.list())
  for (const id of [before, running, after])
    expect((await readNow(again, id)).equals(await readNow(store, id))).toBe(true)
})

onDisk('makes room on a full disk with what is over', async () => {
  await using place = new Place(join(disks[1] ?? '', 'data'))
  let now = 0
  const limits = { ...ROOMY, ttlMs: 1000 }
  const store = await place.open({ limits, clock: () => now, segmentBytes: 500_000 })
  for (let i = 0; i < 6; i++) await finished(store, filled(600_000))
  const id = await finished(store, filled(600_000))
  expect(store.health().durable).toBe(false)
  now += 900
  const late = await finished(store, filled(600_000))
  now += 101
  await store.sweep()
  expect(await store.info(id)).toBeUndefined()
  await eventually('the recovery', () => store.health().durable)
  expect(await readNow(await place.copy().open(), late)).toHaveLength(600_000)
})

onDisk('F33: goes on when the disk is read-only, and says so at a start', async () => {
  const disk = disks[2] ?? ''
  await using place = new Place(join(disk, 'data'))
  const store = await place.open()
  execFileSync('mount', ['-o', 'remount,ro', disk])
  const id = await finished(store, batch('from memory'))
  expect(store.health()).toEqual({ durable: false, detail: 'the journal cannot be written: EROFS' })
  expect(String(await readNow(store, id))).toBe('from memory')
  execFileSync('mount', ['-o', 'remount,rw', disk])
  await eventually('the recovery', () => store.health().durable)
  expect(String(await readNow(await place.copy().open(), id))).toBe('from memory')
  await store.close()
  execFileSync('mount', ['-o', 'remount,ro', disk])
  await expect(place.open()).rejects.toThrow(`the data directory ${place.dir} cannot be used: EROFS`)
  execFileSync('mount', ['-o', 'remount,rw', disk])
})

asNobody('F33: goes on when its directory may not be written any more', async () => {
  await using place = new Place()
  chownSync(place.dir, NOBODY, NOBODY)
  await unprivileged(async () => {
    const store = await place.open({ segmentBytes: 1000 })
    const first = await finished(store, filled(2000))
    chmodSync(place.dir, 0o500)
    const id = await finished(store, filled(2000))
    expect(store.health()).toEqual({ durable: false, detail: 'the journal cannot be written: EACCES' })
    expect(await readNow(store, id)).toHaveLength(2000)
    chmodSync(place.dir, 0o700)
    await eventually('the recovery', () => store.health().durable)
    expect(place.said).toHaveLength(2)
    const again = await place.copy().open()
    expect((await again.list()).map((info) => info.id)).toEqual([id, first])
    await store.close()
    await again.close()
  })
})

asNobody('names a directory that it may not use, and why', async () => {
  await using place = new Place()
  const inside = join(place.dir, 'not', 'there')
  await unprivileged(async () => {
    await expect(place.open()).rejects.toThrow(`the data directory ${place.dir} cannot be used: EACCES`)
    await expect(place.open({ dir: inside })).rejects.toThrow(
      `the data directory ${inside} cannot be used: EACCES`,
    )
  })
  chownSync(place.dir, NOBODY, NOBODY)
  const first = await place.open()
  await finished(first, batch('of root'))
  await first.close()
  await unprivileged(async () => {
    await expect(place.open()).rejects.toThrow(`the data directory ${place.dir} cannot be used: EACCES`)
  })
  expect(place.journal().size).toBe(1)
  await place.open()
})

test('names a directory that is a file', async () => {
  await using place = new Place()
  const file = join(place.dir, 'file')
  writeFileSync(file, 'a file')
  for (const dir of [file, join(file, 'below')])
    await expect(place.open({ dir })).rejects.toThrow(`the data directory ${dir} cannot be used: E`)
})

test('makes the directory, for nobody else to read', async () => {
  await using place = new Place()
  const dir = join(place.dir, 'a', 'b')
  const store = await place.open({ dir })
  await finished(store, batch('private'))
  expect(statSync(dir).mode & 0o777).toBe(0o700)
  for (const name of new Place(dir).journal().keys())
    expect(statSync(join(dir, name)).mode & 0o777).toBe(0o600)
})

test('F33: makes its directory again when that was deleted under it, with all that is in memory', async () => {
  await using place = new Place()
  const limits = { ...ROOMY, totalBytes: 100_000 }
  const store = await place.open({ limits })
  const gone = await finished(store, filled(60_000))
  const running = await born(store)
  const reading = readToEnd(store, running, 0)
  await store.append(running, filled(60_000))
  rmSync(place.dir, { recursive: true })
  await store.append(running, batch('still there'))
  await eventually('the trouble and the recovery', () => place.said.includes(AGAIN))
  expect(store.health()).toEqual({ durable: true })
  expect(place.said).toEqual([
    'the journal cannot be written (its files were deleted): answers go on from memory and would be lost with the process',
    `the answer ${gone} is gone from the disk`,
    AGAIN,
  ])
  expect(await store.info(gone)).toBeUndefined()
  await store.end(running, { reason: 'done' })
  expect(await within('the reader', reading)).toHaveLength(60_011)
  const again = await place.copy().open()
  expect(await readNow(again, running)).toHaveLength(60_011)
  await expect(place.open({ dir: place.dir })).resolves.toBeDefined()
})

test('F33: goes on in its directory when that was away for a while', async () => {
  await using place = new Place()
  const limits = { ...ROOMY, totalBytes: 100_000 }
  const store = await place.open({ limits })
  const onDisk = await finished(store, filled(60_000))
  const running = await born(store)
  await store.append(running, filled(60_000))
  const away = `${place.dir}.away`
  renameSync(place.dir, away)
  writeFileSync(place.dir, 'something else')
  await eventually('the trouble', () => !store.health().durable)
  await store.append(running, batch('meanwhile'))
  rmSync(place.dir)
  renameSync(away, place.dir)
  await eventually('the recovery', () => store.health().durable)
  expect(place.said).toHaveLength(2)
  expect(await readNow(store, onDisk)).toHaveLength(60_000)
  const again = await place.copy().open()
  expect(await readNow(again, running)).toHaveLength(60_009)
  expect(await readNow(again, onDisk)).toHaveLength(60_000)
})
