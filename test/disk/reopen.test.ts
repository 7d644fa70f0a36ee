import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { afterEach, expect, test, vi } from 'vitest'
import type { TaskInfo } from '../../src/gateway/store/store.ts'
import type { End } from '../../src/protocol.ts'
import { ROOMY } from '../store/contract.ts'
import { batch, born, finished, readNow } from '../store/tools.ts'
import { Place } from './place.ts'

afterEach(() => vi.useRealTimers())

const ENDS: readonly End[] = [
  { reason: 'done' },
  { reason: 'cancelled' },
  { reason: 'failed', type: 'UpstreamError', message: 'the agent answered 500: "quoted"\n\nü 😀' },
  { reason: 'truncated', type: 'BufferCapExceeded', message: '' },
]

interface Model {
  readonly id: string
  readonly chunks: Uint8Array[]
  end: End | undefined
  info?: TaskInfo | undefined
}

const act = fc.oneof(
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('create' as const) }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('append' as const),
      task: fc.nat(),
      chunks: fc.array(fc.uint8Array({ maxLength: 200 }), { minLength: 1, maxLength: 5 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('end' as const), task: fc.nat(), end: fc.nat(3) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('restart', 'kill', 'sweep') }) },
)

test('is after any restarts what it was before, but that what ran is interrupted', async () => {
  const limits = { ...ROOMY, totalBytes: 3000, taskBytes: 2500 }
  await fc.assert(
    fc.asyncProperty(fc.array(act, { maxLength: 60 }), async (acts) => {
      await using first = new Place()
      let place = first
      const models: Model[] = []
      let store = await place.open({ limits, segmentBytes: 1500 })
      const check = async () => {
        expect((await store.list()).map(({ id }) => id)).toEqual(models.map(({ id }) => id).toReversed())
        for (const { id, chunks, end, info } of models) {
          expect(await store.info(id)).toMatchObject({
            chunks: chunks.length,
            status: end?.reason ?? 'running',
          })
          if (info) expect(await store.info(id)).toEqual(info)
          for (const from of [0, chunks.length >> 1, chunks.length])
            expect((await readNow(store, id, from)).equals(Buffer.concat(chunks.slice(from)))).toBe(true)
          expect((await store.read(id, chunks.length))?.end).toEqual(end)
        }
      }
      for (const one of acts) {
        const model = 'task' in one ? models[one.task % models.length] : undefined
        if (one.kind === 'create') models.push({ id: await born(store), chunks: [], end: undefined })
        else if (one.kind === 'append' && model) {
          const before = (await store.info(model.id))?.chunks ?? 0
          await store.append(model.id, batch(...one.chunks))
          const stored = ((await store.info(model.id))?.chunks ?? 0) - before
          model.chunks.push(...one.chunks.slice(0, stored))
          expect(stored === 0 || !model.end).toBe(true)
        } else if (one.kind === 'end' && model) {
          const end = ENDS[one.end]
          if (end && (await store.end(model.id, end))) {
            model.end = end
            model.info = await store.info(model.id)
          }
        } else if (one.kind === 'sweep') await store.sweep()
        else if (one.kind === 'restart' || one.kind === 'kill') {
          if (one.kind === 'restart') await store.close()
          else place = place.copy()
          store = await place.open({ limits, segmentBytes: 1500 })
          for (const known of models) {
            known.end ??= (await store.info(known.id))?.end
            expect(known.end?.reason).not.toBeUndefined()
            known.info = await store.info(known.id)
          }
          await check()
        }
      }
      await check()
      expect(place.said).toEqual([])
    }),
    { numRuns: 60 },
  )
})

test('calls what ran interrupted, with every chunk, and for good', async () => {
  await using place = new Place()
  const id = await born(await place.open())
  const running = await place.open()
  expect(await running.info(id)).toMatchObject({ status: 'interrupted', chunks: 0 })
  const other = await born(running)
  await running.append(other, batch('a', 'b'))
  const left = place.copy()
  for (let restarts = 0; restarts < 3; restarts++) {
    const store = await left.open()
    expect(await store.info(other)).toMatchObject({
      status: 'interrupted',
      chunks: 2,
      end: { type: 'Interrupted', message: 'the gateway stopped while the answer ran' },
    })
    expect(String(await readNow(store, other))).toBe('ab')
    expect(await store.append(other, batch('c'))).toBe('ended')
    expect(await store.end(other, { reason: 'done' })).toBe(false)
    await store.close()
  }
})

test('knows after a restart which answer a claim has', async () => {
  await using place = new Place()
  const first = await place.open()
  const id = await born(first, { key: 'once', digest: 'body' })
  await first.close()
  const store = await place.open()
  expect((await store.create({ id: randomUUID(), claim: { key: 'once', digest: 'body' } })).id).toBe(id)
  await expect(store.create({ id: randomUUID(), claim: { key: 'once', digest: 'x' } })).rejects.toMatchObject(
    {
      code: 'idempotency_conflict',
    },
  )
})

test('leaves a claim to the newer of two answers when it was killed before the older was gone', async () => {
  await using place = new Place()
  const claim = { key: 'once', digest: 'body' }
  const limits = { ...ROOMY, tasks: 1 }
  const first = await place.open({ limits })
  await first.end(await born(first, claim), { reason: 'done' })
  await first.end(await born(first, { key: 'another', digest: 'body' }), { reason: 'done' })
  const newer = await born(first, claim)
  const left = place.copy()
  const store = await left.open()
  expect((await store.create({ id: randomUUID(), claim })).id).toBe(newer)
  await store.close()
  const again = await place.copy().open({ limits })
  expect((await again.create({ id: randomUUID(), claim })).id).toBe(newer)
})

test('does not bring back what is over by the clock on the wall', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  await using place = new Place()
  const limits = { ...ROOMY, ttlMs: 60_000 }
  const first = await place.open({ limits })
  const [old, running] = [await finished(first, batch('a')), await born(first)]
  vi.setSystemTime(Date.now() + 40_000)
  const young = await finished(first, batch('b'))
  await first.close()
  vi.setSystemTime(Date.now() + 20_001)
  const store = await place.open({ limits })
  expect(await store.info(old)).toBeUndefined()
  expect((await store.list()).map(({ id }) => id)).toEqual([young, running])
})

test('F48: keeps nothing for ever, and frees nothing early, when the clock on the wall was set back', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  await using place = new Place()
  const limits = { ...ROOMY, ttlMs: 60_000 }
  const first = await place.open({ limits })
  const id = await finished(first, batch('a'))
  await first.close()
  vi.setSystemTime(Date.now() - 365 * 86_400_000)
  let now = 5_000
  const store = await place.open({ limits, clock: () => now })
  now += 59_999
  expect(String(await readNow(store, id))).toBe('a')
  now += 2
  expect(await store.info(id)).toBeUndefined()
})

test('gives what is left of its time, not the whole, to what ended before the restart', async () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  await using place = new Place()
  const limits = { ...ROOMY, ttlMs: 60_000 }
  const first = await place.open({ limits })
  const id = await finished(first, batch('a'))
  await first.close()
  vi.setSystemTime(Date.now() + 50_000)
  let now = 5_000
  const store = await place.open({ limits, clock: () => now })
  now += 9_999
  expect(await store.info(id)).toBeDefined()
  now += 2
  expect(await store.info(id)).toBeUndefined()
})

test('keeps what ended last when there are fewer places than there were', async () => {
  await using place = new Place()
  const first = await place.open()
  const ids = []
  for (let i = 0; i < 6; i++) ids.push(await born(first))
  const running = await born(first)
  vi.useFakeTimers({ toFake: ['Date'] })
  for (const i of [5, 1, 4, 0, 2, 3]) {
    vi.setSystemTime(Date.now() + 1000)
    await first.end(ids[i] ?? '', { reason: 'done' })
  }
  await first.close()
  const store = await place.open({ limits: { ...ROOMY, tasks: 3 } })
  expect((await store.list()).map(({ id }) => id)).toEqual([running, ids[3], ids[2]])
  await store.close()
  const again = await place.open()
  expect(await again.list()).toHaveLength(3)
})

test('takes nothing any more when it is closed', async () => {
  await using place = new Place()
  const store = await place.open()
  const id = await born(store)
  const appending = store.append(id, batch('in time'))
  const closing = store.close()
  expect(await appending).toBe('stored')
  expect(await store.append(id, batch('late'))).toBe('ended')
  expect(await store.end(id, { reason: 'done' })).toBe(false)
  await expect(store.create({ id: randomUUID() })).rejects.toMatchObject({ code: 'shutting_down' })
  await closing
  await store.close()
  const again = await place.open()
  expect(String(await readNow(again, id))).toBe('in time')
  expect(await again.info(id)).toMatchObject({ status: 'interrupted' })
})
