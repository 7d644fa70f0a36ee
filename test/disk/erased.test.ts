import fc from 'fast-check'
import { expect, onTestFinished, test, vi } from 'vitest'
import type { DiskStore } from '../../src/gateway/store/disk.ts'
import { runs } from '../../src/gateway/store/erasing.ts'
import { FILES, type Files } from '../../src/gateway/store/files.ts'
import { ROOMY } from '../store/contract.ts'
import { batch, born, FakeClock, filled, finished, readNow } from '../store/tools.ts'
import { Place } from './place.ts'

const limits = { ...ROOMY, ttlMs: 1000 }
const SECRET = 'the number of the account is 4711'
const LIVING = 'nobody may touch this'

/** How often the secret is in the journal's files. */
function secrets(place: Place): number {
  const text = Buffer.concat([...place.journal().values()]).toString('latin1')
  return text.split(SECRET).length - 1
}

/** Two answers in turn in one segment: one is over, and says the secret at its end too; the other runs. */
async function beside(store: DiskStore): Promise<string> {
  const living = await born(store)
  const over = await born(store, { key: 'asked once', digest: SECRET })
  for (let i = 0; i < 40; i++) {
    await store.append(living, batch(`${LIVING} ${i};`))
    await store.append(over, batch(SECRET, `${SECRET} again`))
  }
  await store.append(over, filled(9000, 3))
  await store.append(over, batch(...Array<string>(3000).fill(SECRET)))
  await store.end(over, { reason: 'failed', type: 'UpstreamError', message: SECRET })
  return living
}

const said = Array.from({ length: 40 }, (_, i) => `${LIVING} ${i};`).join('')

test('nothing of an answer whose time is over is on the disk after the next sweep, and all of the one beside it', async () => {
  await using place = new Place()
  const clock = new FakeClock()
  const store = await place.open({ limits, clock: clock.now })
  const living = await beside(store)
  expect(secrets(place)).toBeGreaterThan(3000)
  await store.sweep()
  expect(secrets(place)).toBeGreaterThan(3000)
  clock.pass(1001)
  await store.sweep()
  expect(secrets(place)).toBe(0)
  expect(place.journal().size).toBe(1)
  expect(String(await readNow(store, living))).toBe(said)
  await store.append(living, batch(' and more'))
  const again = await place.copy().open({ limits })
  expect((await again.list()).map(({ id }) => id)).toEqual([living])
  expect(String(await readNow(again, living))).toBe(`${said} and more`)
  expect(place.said).toEqual([])
})

test('what was over while no gateway ran is erased by the first sweep of the next one', async () => {
  await using place = new Place()
  const store = await place.open({ limits })
  const living = await beside(store)
  await store.close()
  expect(secrets(place)).toBeGreaterThan(3000)
  const again = await place.open({ limits: { ...limits, ttlMs: 0 } })
  await again.sweep()
  expect(await again.info(living)).toBeUndefined()
  expect(secrets(place)).toBe(0)
})

test('killed at any moment while it erases, it finishes that at the next start, without a word of damage', async () => {
  let done = false
  for (let whole = 0; !done; whole += 7)
    for (const torn of [24, 31]) {
      await using place = new Place()
      const clock = new FakeClock()
      let left = whole
      const files: Files = {
        ...FILES,
        overwriteSync(path, offset, bytes) {
          if (left-- > 0) return FILES.overwriteSync(path, offset, bytes)
          FILES.overwriteSync(path, offset, bytes.subarray(0, torn))
          throw new Error('killed')
        },
      }
      const store = await place.open({ limits, clock: clock.now, files })
      const living = await beside(store)
      clock.pass(1001)
      await store.sweep()
      done = left >= 0
      const killed = place.copy()
      const next = await killed.open({ limits })
      await next.sweep()
      expect((await next.list()).map(({ id }) => id)).toEqual([living])
      expect(String(await readNow(next, living))).toBe(said)
      expect(secrets(killed)).toBe(0)
      expect(killed.said).toEqual([])
    }
})

test('what is behind a damage goes with the answer it was of', async () => {
  await using place = new Place()
  const store = await place.open({ limits })
  const living = await born(store)
  await store.append(living, batch(LIVING))
  vi.useFakeTimers({ toFake: ['Date'], now: Date.now() - 500 })
  onTestFinished(() => void vi.useRealTimers())
  const over = await finished(store, batch('the beginning'), batch('hit'), batch(SECRET))
  vi.useRealTimers()
  await store.close()
  const [[name = '', bytes = Buffer.alloc(0)] = []] = place.journal()
  bytes.write('HIT', bytes.indexOf('hit'))
  place.lay(new Map([[name, bytes]]))
  const clock = new FakeClock()
  const again = await place.open({ limits, clock: clock.now })
  expect(String(await readNow(again, over))).toBe('the beginning')
  await again.sweep()
  expect(secrets(place)).toBe(1)
  clock.pass(700)
  await again.sweep()
  expect(await again.info(over)).toBeUndefined()
  expect(secrets(place)).toBe(0)
  expect(String(await readNow(again, living))).toBe(LIVING)
})

test('a disk that refuses to be written over is said once, and asked again', async () => {
  await using place = new Place()
  const clock = new FakeClock()
  let refuses = true
  const files: Files = {
    ...FILES,
    overwriteSync(path, offset, bytes) {
      if (refuses) throw Object.assign(new Error('EIO: i/o error, write'), { code: 'EIO' })
      FILES.overwriteSync(path, offset, bytes)
    },
  }
  const store = await place.open({ limits, clock: clock.now, files })
  await beside(store)
  clock.pass(1001)
  await store.sweep()
  await store.sweep()
  expect(secrets(place)).toBeGreaterThan(3000)
  expect(place.said).toEqual(['old parts of the journal cannot be deleted (EIO: i/o error): they wait'])
  refuses = false
  await store.sweep()
  expect(secrets(place)).toBe(0)
})

test('records one behind the other are one run, and every byte is in exactly one', () => {
  const spot = fc.record({ segment: fc.integer({ min: 1, max: 2 }), gap: fc.nat(1), length: fc.nat(200_000) })
  fc.assert(
    fc.property(fc.array(spot), (parts) => {
      let at = 0
      const spots = parts.map(({ segment, gap, length }) => {
        at += gap
        const one = { segment, offset: at, length: length + 24 }
        at += one.length
        return one
      })
      const found = [...runs(spots)]
      expect(found.reduce((sum, { length }) => sum + length, 0)).toBe(
        spots.reduce((sum, { length }) => sum + length, 0),
      )
      for (const { segment, offset, length } of spots)
        expect(
          found.filter(
            (run) =>
              run.segment === segment && run.offset <= offset && offset + length <= run.offset + run.length,
          ),
        ).toHaveLength(1)
    }),
  )
})
