import { rmSync } from 'node:fs'
import { expect, test } from 'vitest'
import { FILES, type Files } from '../../src/gateway/store/files.ts'
import { eventually, gate, within } from '../rig/wait.ts'
import { batch, born, filled, finished, readNow } from '../store/tools.ts'
import { Faulty, failing } from './faulty.ts'
import { Place } from './place.ts'

test('syncs at least once a second and at each end, only when asked to, and only when there is something', async () => {
  for (const fsync of ['1s', 'end', 'off'] as const) {
    await using place = new Place()
    const faulty = new Faulty()
    const { calls } = faulty
    const store = await place.open({ files: faulty.files, fsync })
    const id = await born(store)
    await store.append(id, batch('a'))
    if (fsync === '1s') await eventually('a sync', () => calls.fdatasync > 0)
    expect(calls.fdatasync).toBe(fsync === '1s' ? 1 : 0)
    await store.end(id, { reason: 'done' })
    if (fsync !== 'off')
      await eventually('a sync at the end', () => calls.fdatasync === (fsync === '1s' ? 2 : 1))
    const before = calls.fdatasync
    await store.close()
    expect(calls.fdatasync).toBe(before)
    expect(before).toBe({ '1s': 2, end: 1, off: 0 }[fsync])
  }
})

test('F34: a sync that takes its time delays nobody, and there is never more than one', async () => {
  await using place = new Place()
  let under = 0
  let most = 0
  const door = gate()
  const fdatasync = (async (fd: number) => {
    most = Math.max(most, ++under)
    await door.opened
    await FILES.fdatasync(fd)
    under--
  }) as Files['fdatasync']
  const store = await place.open({ files: { ...FILES, fdatasync }, fsync: 'end', segmentBytes: 1_000_000 })
  const ids = []
  for (let i = 0; i < 20; i++) ids.push(await within('an answer', finished(store, filled(1000, 3))))
  for (const id of ids) expect(await readNow(store, id)).toHaveLength(3000)
  door.open()
  await store.close()
  expect(most).toBe(1)
})

test('a failed sync of a segment that is full already is no less a trouble', async () => {
  await using place = new Place()
  let first = 0
  const files = {
    ...FILES,
    async fdatasync(fd: number) {
      first ||= fd
      if (fd === first) throw failing('EIO', 'fdatasync')
      await FILES.fdatasync(fd)
    },
  } as Files
  const store = await place.open({ files, fsync: 'end', segmentBytes: 1000 })
  const id = await born(store)
  await store.append(id, filled(2000))
  const other = await finished(store, filled(2000))
  await eventually('the trouble', () => place.said.length > 0)
  await eventually('the recovery', () => store.health().durable)
  expect(place.said).toHaveLength(2)
  const left = place.copy()
  const [lost = ''] = left.journal().keys()
  rmSync(left.path(lost))
  const again = await left.open()
  expect(await readNow(again, id)).toHaveLength(2000)
  expect(await readNow(again, other)).toHaveLength(2000)
})

test('a new segment is known to its directory before what is in it counts as synced', async () => {
  await using place = new Place()
  const done: string[] = []
  const files = {
    ...FILES,
    async fdatasync(fd: number) {
      await FILES.fdatasync(fd)
      done.push('file')
    },
    async syncDirectory(path: string) {
      await FILES.syncDirectory(path)
      done.push(path)
    },
  } as Files
  const store = await place.open({ files, fsync: 'end', segmentBytes: 1000 })
  await finished(store, filled(500))
  await eventually('the first sync', () => done.length === 2)
  expect(done).toContain(place.dir)
  for (let i = 0; i < 5; i++) await finished(store, filled(500))
  await store.close()
  expect(done.filter((what) => what === place.dir).length).toBeGreaterThan(1)
})
