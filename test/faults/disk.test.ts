import { execFileSync } from 'node:child_process'
import { mkdtempSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Faulty } from '../disk/faulty.ts'
import { Place } from '../disk/place.ts'
import { eventually, within } from '../rig/wait.ts'
import { batch, born, filled, finished, readNow, readToEnd } from '../store/tools.ts'

/** A disk of so few names; undefined where none can be mounted. */
function disk(names: number): { readonly dir: string; [Symbol.dispose](): void } | undefined {
  const dir = mkdtempSync(join(tmpdir(), 'ghost-names-'))
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `nr_inodes=${names}`, 'tmpfs', dir], { stdio: 'pipe' })
  } catch {
    rmdirSync(dir)
    return undefined
  }
  return {
    dir,
    [Symbol.dispose]() {
      execFileSync('umount', ['-l', dir])
      rmdirSync(dir)
    },
  }
}

const isAble = (() => {
  using probe = disk(10)
  return probe !== undefined
})()
if (!isAble) console.log('not tested: a disk without inodes, since none can be mounted here')

test.skipIf(!isAble)(
  'F31: answers go on from memory on a disk without inodes, and are on it when there are some again',
  async () => {
    using small = disk(12)
    const dir = small?.dir ?? ''
    await using place = new Place(join(dir, 'data'))
    const store = await place.open({ fsync: '1s', segmentBytes: 1_000 })
    const before = await finished(store, filled(500))
    const running = await born(store)
    const reading = readToEnd(store, running, 0)
    const ballast: string[] = []
    for (let n = 0; ; n += 1) {
      try {
        writeFileSync(join(dir, `ballast-${n}`), '')
        ballast.push(join(dir, `ballast-${n}`))
      } catch {
        break
      }
    }
    for (let n = 0; n < 20; n += 1) expect(await store.append(running, filled(500))).toBe('stored')
    expect(store.health()).toEqual({ durable: false, detail: 'the journal cannot be written: ENOSPC' })
    const during = await finished(store, batch('during'))
    expect(String(await readNow(store, during))).toBe('during')
    await store.end(running, { reason: 'done' })
    expect(await within('the reader', reading)).toHaveLength(10_000)
    for (const file of ballast) rmSync(file)
    execFileSync('mount', ['-o', 'remount,nr_inodes=1000', dir])
    await eventually('the recovery', () => store.health().durable)
    const again = await place.copy().open()
    for (const id of [before, running, during])
      expect((await readNow(again, id)).equals(await readNow(store, id))).toBe(true)
  },
)

test('F32: an answer whose end finds the disk full ends for its readers; killed then it is interrupted, and done when there was room again', async () => {
  await using place = new Place()
  const faulty = new Faulty()
  const store = await place.open({ files: faulty.files })
  const id = await born(store)
  const reading = readToEnd(store, id, 0)
  await store.append(id, batch('all ', 'of it'))
  faulty.fault = { writevSync: 'ENOSPC' }
  expect(await store.end(id, { reason: 'done' })).toBe(true)
  expect(String(await within('the reader', reading))).toBe('all of it')
  expect(await store.info(id)).toMatchObject({ status: 'done' })
  expect(store.health().durable).toBe(false)
  const killed = await place.copy().open()
  expect(await killed.info(id)).toMatchObject({ status: 'interrupted', chunks: 2 })
  expect(String(await readNow(killed, id))).toBe('all of it')
  faulty.fault = {}
  await eventually('the recovery', () => store.health().durable)
  const again = await place.copy().open()
  expect(await again.info(id)).toMatchObject({ status: 'done', chunks: 2 })
})
