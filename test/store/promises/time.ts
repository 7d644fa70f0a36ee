import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import { within } from '../../rig/wait.ts'
import type { Contract } from '../contract.ts'
import { batch, born, FakeClock, filled, finished, NEVER, readNow, wait } from '../tools.ts'

const ttlMs = 600_000
const YEAR_MS = 365 * 86_400_000

export function time({ open, promise }: Contract): void {
  promise('forgets an ended log after its time, with or without a sweep', async () => {
    for (const swept of [true, false]) {
      const clock = new FakeClock()
      await using world = await open({ ttlMs }, clock.now)
      const { store } = world
      const id = await finished(store, batch('a'))
      clock.pass(ttlMs - 1)
      await store.sweep()
      expect(String(await readNow(store, id))).toBe('a')
      clock.pass(2)
      if (swept) await store.sweep()
      expect(await store.read(id, 0)).toBeUndefined()
      expect(await store.info(id)).toBeUndefined()
      expect(await store.list()).toEqual([])
      expect(await store.append(id, batch('b'))).toBe('ended')
      expect(await store.end(id, { reason: 'done' })).toBe(false)
      await within('a waiter for a forgotten log', wait(store, id, 1, YEAR_MS / 1000, NEVER))
    }
  })

  promise('counts the time from the end, not from the beginning', async () => {
    const clock = new FakeClock()
    await using world = await open({ ttlMs }, clock.now)
    const { store } = world
    const id = await born(store)
    clock.pass(10 * ttlMs)
    await store.end(id, { reason: 'done' })
    clock.pass(ttlMs - 1)
    await store.sweep()
    expect(await store.info(id)).toBeDefined()
  })

  promise('forgets each log in its own time', async () => {
    const clock = new FakeClock()
    await using world = await open({ ttlMs }, clock.now)
    const { store } = world
    const ids = []
    for (let i = 0; i < 5; i++) {
      ids.push(await finished(store, batch('a')))
      clock.pass(1000)
    }
    clock.pass(ttlMs - 3500)
    await store.sweep()
    expect((await store.list()).map(({ id }) => id).toReversed()).toEqual(ids.slice(2))
  })

  promise('never forgets a running log', async () => {
    const clock = new FakeClock()
    await using world = await open({ ttlMs }, clock.now)
    const { store } = world
    const id = await born(store, { key: 'once', digest: 'body' })
    await store.append(id, batch('a'))
    clock.pass(YEAR_MS)
    await store.sweep()
    expect(await store.append(id, batch('b'))).toBe('stored')
    expect(String(await readNow(store, id))).toBe('ab')
    expect((await store.create({ id: randomUUID(), claim: { key: 'once', digest: 'body' } })).id).toBe(id)
  })

  promise('forgets the claim with its log', async () => {
    for (const swept of [true, false]) {
      const clock = new FakeClock()
      await using world = await open({ ttlMs }, clock.now)
      const { store } = world
      const first = await born(store, { key: 'once', digest: 'body' })
      await store.end(first, { reason: 'done' })
      clock.pass(ttlMs + 1)
      if (swept) await store.sweep()
      const second = await born(store, { key: 'once', digest: 'another' })
      expect(await store.info(second)).toMatchObject({ id: second, status: 'running' })
    }
  })

  promise('gives back the bytes of what it forgot', async () => {
    const clock = new FakeClock()
    await using world = await open({ ttlMs, totalBytes: 100_000, taskBytes: 100_000 }, clock.now)
    const { store } = world
    for (let round = 0; round < 5; round++) {
      const id = await born(store)
      expect(await store.append(id, filled(10_000, 10))).toBe('stored')
      await store.end(id, { reason: 'done' })
      clock.pass(ttlMs + 1)
      await store.sweep()
    }
  })
}
