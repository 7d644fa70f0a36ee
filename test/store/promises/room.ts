import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import { within } from '../../rig/wait.ts'
import type { Contract } from '../contract.ts'
import { batch, born, filled, finished, NEVER, readNow, wait } from '../tools.ts'

const KB = 1000

export function room({ open, promise }: Contract): void {
  promise('lists the newest first', async () => {
    await using world = await open()
    const { store } = world
    const ids = []
    for (let i = 0; i < 5; i++) ids.push(await born(store))
    await store.end(ids[3] ?? '', { reason: 'done' })
    await store.append(ids[0] ?? '', batch('a'))
    const listed = await store.list()
    expect(listed.map(({ id }) => id)).toEqual(ids.toReversed())
    for (const info of listed) expect(info).toEqual(await store.info(info.id))
  })

  promise('lets the oldest finished log go first at the task limit', async () => {
    await using world = await open({ tasks: 3 })
    const { store } = world
    const [first, second] = [await finished(store, batch('1')), await finished(store, batch('2'))]
    const running = await born(store)
    const third = await born(store)
    expect(await store.read(first, 0)).toBeUndefined()
    expect(String(await readNow(store, second))).toBe('2')
    await born(store)
    expect(await store.read(second, 0)).toBeUndefined()
    for (const id of [running, third]) expect(await store.info(id)).toMatchObject({ status: 'running' })
  })

  promise('refuses a new task when all places are taken by running ones, and kills none', async () => {
    await using world = await open({ tasks: 3 })
    const { store } = world
    const ids = [await born(store), await born(store), await born(store)]
    const refused = await store.create({ id: randomUUID() }).catch((error: unknown) => error)
    expect(refused).toMatchObject({ name: 'Fault', code: 'at_capacity', status: 503 })
    expect(refused).toHaveProperty('retryAfterS', expect.any(Number))
    expect((refused as { retryAfterS: number }).retryAfterS).toBeGreaterThan(0)
    expect((await store.list()).map(({ id }) => id).toReversed()).toEqual(ids)
    for (const id of ids) expect(await store.append(id, batch('a'))).toBe('stored')
    await store.end(ids[1] ?? '', { reason: 'done' })
    await born(store)
    expect(await store.info(ids[1] ?? '')).toBeUndefined()
  })

  promise('never holds more tasks than its limit, however many come at once', async () => {
    await using world = await open({ tasks: 5 })
    const { store } = world
    const tries = Array.from({ length: 20 }, () => store.create({ id: randomUUID() }))
    const came = await Promise.allSettled(tries)
    expect(came.filter(({ status }) => status === 'fulfilled')).toHaveLength(5)
    expect(await store.list()).toHaveLength(5)
  })

  promise('stays readable with what fits when a task is full, and says so', async () => {
    await using world = await open({ taskBytes: 100 * KB })
    const { store } = world
    const id = await born(store)
    expect(await store.append(id, filled(60 * KB))).toBe('stored')
    expect(await store.append(id, filled(15 * KB, 5))).toBe('full')
    expect(await store.info(id)).toMatchObject({ chunks: 3, bytes: 90 * KB, status: 'running' })
    expect(await store.append(id, filled(11 * KB))).toBe('full')
    expect(await store.read(id, 3)).toEqual({ bytes: [], next: 3 })
    const end = { reason: 'truncated', type: 'BufferCapExceeded', message: 'full' } as const
    expect(await store.end(id, end)).toBe(true)
    expect(await readNow(store, id)).toHaveLength(90 * KB)
  })

  promise('fills a task to its last byte', async () => {
    await using world = await open({ taskBytes: 100 * KB, totalBytes: 100 * KB })
    const { store } = world
    const id = await born(store)
    expect(await store.append(id, filled(10 * KB, 10))).toBe('stored')
    expect(await store.append(id, batch('x'))).toBe('full')
  })

  promise('frees the oldest finished logs before it is full, and no more than it must', async () => {
    await using world = await open({ totalBytes: 100 * KB })
    const { store } = world
    const [first, second] = [await finished(store, filled(40 * KB)), await finished(store, filled(40 * KB))]
    const id = await born(store)
    const asked = async () =>
      [await store.info(first), await store.info(second)].map((info) => info !== undefined)
    expect(await store.append(id, filled(20 * KB))).toBe('stored')
    expect(await asked()).toEqual([true, true])
    expect(await store.append(id, filled(30 * KB))).toBe('stored')
    expect(await asked()).toEqual([false, true])
    expect(await store.append(id, filled(50 * KB))).toBe('stored')
    expect(await asked()).toEqual([false, false])
    expect(await store.append(id, filled(1))).toBe('full')
    expect(await store.info(id)).toMatchObject({ bytes: 100 * KB, status: 'running' })
  })

  promise('frees nothing for a chunk that would not fit even then', async () => {
    await using world = await open({ totalBytes: 100 * KB, taskBytes: 60 * KB })
    const { store } = world
    const kept = await finished(store, filled(50 * KB))
    const id = await born(store)
    expect(await store.append(id, filled(61 * KB))).toBe('full')
    expect(await store.info(kept)).toMatchObject({ bytes: 50 * KB })
  })

  promise('says full when running tasks hold everything, and kills none of them', async () => {
    await using world = await open({ totalBytes: 100 * KB })
    const { store } = world
    const [first, second] = [await born(store), await born(store)]
    expect(await store.append(first, filled(70 * KB))).toBe('stored')
    expect(await store.append(second, filled(20 * KB, 3))).toBe('full')
    expect(await store.info(first)).toMatchObject({ bytes: 70 * KB, status: 'running' })
    expect(await store.info(second)).toMatchObject({ bytes: 20 * KB, status: 'running' })
    await store.end(first, { reason: 'done' })
    expect(await store.append(second, filled(80 * KB))).toBe('stored')
    expect(await store.info(first)).toBeUndefined()
  })

  promise('lets the waiters of a freed log go', async () => {
    await using world = await open({ tasks: 1 })
    const { store } = world
    const id = await finished(store, batch('a'))
    await born(store)
    await within('a waiter for a freed log', wait(store, id, 1, 600_000, NEVER))
    expect(await store.read(id, 0)).toBeUndefined()
  })
}
