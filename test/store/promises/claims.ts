import { randomUUID } from 'node:crypto'
import { expect } from 'vitest'
import type { Contract } from '../contract.ts'
import { batch, born } from '../tools.ts'

export function claims({ open, promise }: Contract): void {
  promise('finds the same task by its claim, running or ended', async () => {
    await using world = await open()
    const { store } = world
    const claim = { key: 'once', digest: 'body' }
    const id = await born(store, claim)
    await store.append(id, batch('a'))
    expect(await store.create({ id: randomUUID(), claim })).toMatchObject({
      id,
      status: 'running',
      chunks: 1,
    })
    await store.end(id, { reason: 'done' })
    expect(await store.create({ id: randomUUID(), claim })).toMatchObject({ id, status: 'done' })
    expect(await store.list()).toHaveLength(1)
  })

  promise('opens no second log under a taken id, and leaves the first as it is', async () => {
    await using world = await open()
    const { store } = world
    const id = await born(store)
    await store.append(id, batch('first'))
    await expect(store.create({ id })).rejects.toThrow()
    expect(await store.info(id)).toMatchObject({ chunks: 1, bytes: 5 })
  })

  promise('opens one task for a claim, however many ask at once', async () => {
    await using world = await open()
    const { store } = world
    const claim = { key: 'once', digest: 'body' }
    const asked = Array.from({ length: 30 }, () => store.create({ id: randomUUID(), claim }))
    const ids = new Set((await Promise.all(asked)).map(({ id }) => id))
    expect(ids.size).toBe(1)
    expect((await store.list()).map(({ id }) => id)).toEqual([...ids])
  })

  promise('refuses a claim with another digest', async () => {
    await using world = await open()
    const { store } = world
    const id = await born(store, { key: 'once', digest: 'body' })
    const other = store.create({ id: randomUUID(), claim: { key: 'once', digest: 'another' } })
    await expect(other).rejects.toMatchObject({ name: 'Fault', code: 'idempotency_conflict', status: 409 })
    expect((await store.list()).map((info) => info.id)).toEqual([id])
  })

  promise('opens a task of its own for every other claim and for none', async () => {
    await using world = await open()
    const { store } = world
    const awkward = ['a', 'A', 'a ', '__proto__', 'constructor', '{"key":1}', '*', 'a:b', '../a']
    const given = [undefined, undefined, ...awkward.map((key) => ({ key, digest: 'the same body' }))]
    const ids = []
    for (const claim of given) ids.push(await born(store, claim))
    expect((await store.list()).map(({ id }) => id).toReversed()).toEqual(ids)
    for (const [i, claim] of given.entries())
      if (claim) expect((await store.create({ id: randomUUID(), claim })).id).toBe(ids[i])
  })

  promise('gives a found task without making room for another', async () => {
    await using world = await open({ tasks: 1 })
    const { store } = world
    const claim = { key: 'once', digest: 'body' }
    const id = await born(store, claim)
    expect((await store.create({ id: randomUUID(), claim })).id).toBe(id)
    await store.end(id, { reason: 'done' })
    expect((await store.create({ id: randomUUID(), claim })).id).toBe(id)
  })
}
