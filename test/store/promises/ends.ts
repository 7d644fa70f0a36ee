import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import type { End } from '../../../src/protocol.ts'
import type { Contract } from '../contract.ts'
import { batch, born, filled, finished, NEVER, readNow, wait } from '../tools.ts'

const ENDS: readonly End[] = [
  { reason: 'done' },
  { reason: 'cancelled' },
  { reason: 'failed', type: 'UpstreamError', message: 'the agent answered 500: "quoted"\n\nü 😀' },
  { reason: 'failed', type: 'UpstreamTimeout', message: 'the agent sent nothing for too long' },
  { reason: 'truncated', type: 'BufferCapExceeded', message: 'longer than what is kept' },
  { reason: 'interrupted', type: 'Interrupted', message: '' },
]

export function ends({ open, promise }: Contract): void {
  promise('knows nothing of an unknown id, and says so', async () => {
    await using world = await open()
    const { store } = world
    const id = randomUUID()
    expect(await store.read(id, 0)).toBeUndefined()
    expect(await store.info(id)).toBeUndefined()
    expect(await store.append(id, batch('a'))).toBe('ended')
    expect(await store.end(id, { reason: 'done' })).toBe(false)
    expect(await store.read(id, 0)).toBeUndefined()
    expect(await store.list()).toEqual([])
  })

  promise('refuses anything after the end', async () => {
    await using world = await open()
    const { store } = world
    const id = await finished(store, batch('a'))
    expect(await store.append(id, batch('b'))).toBe('ended')
    expect(await store.append(id, batch())).toBe('ended')
    expect(await store.info(id)).toMatchObject({ chunks: 1, bytes: 1, status: 'done' })
    expect(String(await readNow(store, id))).toBe('a')
  })

  promise('lets the first end win, also of fifty at once', async () => {
    await using world = await open()
    const { store } = world
    const id = await born(store)
    const said = Array.from(
      { length: 50 },
      (_, i) => ({ reason: 'failed', type: 'UpstreamError', message: `${i}` }) as const,
    )
    const won = await Promise.all(said.map((end) => store.end(id, end)))
    expect(won.filter(Boolean)).toHaveLength(1)
    const winner = said[won.indexOf(true)]
    expect(await store.end(id, { reason: 'done' })).toBe(false)
    expect((await store.info(id))?.end).toEqual(winner)
    expect((await store.read(id, 0))?.end).toEqual(winner)
  })

  promise('stores what it calls stored, also when the end comes in between', async () => {
    await using world = await open()
    const { store } = world
    for (let round = 0; round < 10; round++) {
      const id = await born(store)
      const append = (i: number) => store.append(id, batch(`${i} `))
      const answers = await Promise.all([
        ...[0, 1, 2].map(append),
        store.end(id, { reason: 'cancelled' }),
        ...[3, 4, 5].map(append),
      ])
      const stored = [answers.slice(0, 3), answers.slice(4)]
        .flat()
        .flatMap((it, i) => (it === 'stored' ? [i] : []))
      expect(String(await readNow(store, id))).toBe(stored.map((i) => `${i} `).join(''))
    }
  })

  promise('keeps the detail of an end', async () => {
    await using world = await open()
    const { store } = world
    for (const end of ENDS) {
      const id = await born(store)
      await store.append(id, batch('a'))
      expect(await store.info(id)).toMatchObject({ status: 'running' })
      expect(await store.end(id, end)).toBe(true)
      expect((await store.read(id, 0))?.end).toEqual(end)
      expect(await store.info(id)).toMatchObject({ status: end.reason, end })
    }
  })

  promise('tells a reader from beyond the end that it is over', async () => {
    await using world = await open()
    const { store } = world
    const end: End = { reason: 'failed', type: 'UpstreamError', message: 'broke off' }
    for (const count of [0, 1, 3]) {
      const id = await born(store)
      await store.append(id, filled(10, count))
      await store.end(id, end)
      for (const from of [count, count + 1, count + 1_000_000]) {
        const page = await store.read(id, from)
        expect(Buffer.concat(page?.bytes ?? [])).toHaveLength(0)
        expect(page?.end).toEqual(end)
        await wait(store, id, from, 60_000, NEVER)
      }
    }
  })

  promise('tells the end with the last chunk and not before', async () => {
    await using world = await open()
    const { store } = world
    const id = await finished(store, filled(400_000, 8))
    for (let from = 0; from < 8; ) {
      const page = await store.read(id, from)
      expect(page?.end !== undefined).toBe(page?.next === 8)
      from = page?.next ?? 8
    }
  })

  promise('counts chunks and bytes, and knows when a log began and ended', async () => {
    await using world = await open()
    const { store } = world
    const before = Date.now()
    const id = await born(store)
    expect(await store.info(id)).toMatchObject({ id, status: 'running', chunks: 0, bytes: 0 })
    for (const n of [1, 2, 3]) await store.append(id, filled(7, n))
    expect(await store.info(id)).toMatchObject({ chunks: 6, bytes: 42 })
    expect(await store.info(id)).toMatchObject({ finishedAt: undefined, end: undefined })
    await store.end(id, { reason: 'done' })
    const info = await store.info(id)
    const after = Date.now()
    const times = [before, info?.createdAt, info?.finishedAt, after].map(Number)
    expect(times).toEqual(times.toSorted((a, b) => a - b))
  })

  promise('can take new tasks when it says that it is ready', async () => {
    await using world = await open()
    const { store } = world
    await store.ready()
    expect(await store.info(await born(store))).toBeDefined()
    expect(store.kind).not.toBe('')
  })
}
