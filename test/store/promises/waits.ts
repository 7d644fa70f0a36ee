import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import { pending, within } from '../../rig/wait.ts'
import type { Contract } from '../contract.ts'
import { batch, born, finished, NEVER, wait } from '../tools.ts'

/** Far more than any test has: who returns was woken. */
const LONG_MS = 600_000

export function waits({ open, promise }: Contract): void {
  promise('lets a waiter wait while nothing comes', async () => {
    await using world = await open()
    const { store } = world
    const id = await born(store)
    await store.append(id, batch('a'))
    const leave = new AbortController()
    const waiting = wait(store, id, 1, LONG_MS, leave.signal)
    expect(await pending(waiting)).toBe(true)
    leave.abort()
    await within('a waiter that leaves', waiting)
  })

  promise('wakes a waiter that came first', async () => {
    await using world = await open()
    const { store } = world
    const id = await born(store)
    const waiting = wait(store, id, 0, LONG_MS, NEVER)
    expect(await pending(waiting)).toBe(true)
    await store.append(id, batch('a'))
    await within('a waiter that came first', waiting)
  })

  promise('wakes a waiter that came late', async () => {
    await using world = await open()
    const { store } = world
    const id = await born(store)
    await store.append(id, batch('a', 'b'))
    for (const from of [0, 1]) await within('a waiter that came late', wait(store, id, from, LONG_MS, NEVER))
    const end = await finished(store)
    await within('a waiter at an end', wait(store, end, 0, LONG_MS, NEVER))
  })

  promise('misses no waiter that comes while a chunk does', async () => {
    await using world = await open()
    const { store } = world
    const id = await born(store)
    for (let i = 0; i < 100; i++) {
      const appending = store.append(id, batch('x'))
      const waiting = wait(store, id, i, LONG_MS, NEVER)
      await within(`waiter ${i}`, Promise.all([appending, waiting]))
      expect((await store.read(id, i))?.next).toBe(i + 1)
    }
  })

  promise('wakes every waiter, whether for a chunk or for the end', async () => {
    await using world = await open()
    const { store } = world
    const id = await born(store)
    const crowd = (from: number) => Array.from({ length: 20 }, () => wait(store, id, from, LONG_MS, NEVER))
    const first = crowd(0)
    await store.append(id, batch('a'))
    await within('twenty waiters for a chunk', Promise.all(first))
    const second = crowd(1)
    await store.end(id, { reason: 'done' })
    await within('twenty waiters for the end', Promise.all(second))
  })

  promise('wakes nobody who waits for another log', async () => {
    await using world = await open()
    const { store } = world
    const [mine, other] = [await born(store), await born(store)]
    const leave = new AbortController()
    const waiting = wait(store, mine, 0, LONG_MS, leave.signal)
    await store.append(other, batch('a'))
    await store.end(other, { reason: 'done' })
    expect(await pending(waiting)).toBe(true)
    leave.abort()
    await within('a waiter that leaves', waiting)
  })

  promise('lets a waiter go on abort, before and after, and only that one', async () => {
    await using world = await open()
    const { store } = world
    const id = await born(store)
    const leave = new AbortController()
    const leaving = wait(store, id, 0, LONG_MS, leave.signal)
    const staying = wait(store, id, 0, LONG_MS, NEVER)
    leave.abort()
    await within('a waiter that leaves', leaving)
    await within('a waiter that left before it came', wait(store, id, 0, LONG_MS, leave.signal))
    expect(await pending(staying)).toBe(true)
    await store.append(id, batch('a'))
    await within('the one that stayed', staying)
  })

  promise('lets a waiter go when its time is up', async () => {
    await using world = await open()
    const { store } = world
    const id = await born(store)
    await within('a short wait', wait(store, id, 0, 10, NEVER))
    expect(await store.read(id, 0)).toEqual({ bytes: [], next: 0 })
  })

  promise('lets every waiter go when the store closes, and those who come after', async () => {
    await using world = await open()
    const { store } = world
    const ids = [await born(store), await born(store)]
    const waiting = ids.flatMap((id) => [0, 1].map((from) => wait(store, id, from, LONG_MS, NEVER)))
    expect(await pending(Promise.race(waiting))).toBe(true)
    await store.close()
    await within('waiters of a store that closes', Promise.all(waiting))
    await within('a waiter that came too late', wait(store, ids[0] ?? '', 0, LONG_MS, NEVER))
  })

  promise('lets nobody wait for an unknown log', async () => {
    await using world = await open()
    await within('a waiter for nothing', wait(world.store, randomUUID(), 0, LONG_MS, NEVER))
  })
}
