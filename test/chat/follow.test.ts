import { describe, expect, test, vi } from 'vitest'
import { MemoryStore } from '../../src/gateway/store/memory.ts'
import type { Page } from '../../src/gateway/store/store.ts'
import { pending } from '../rig/wait.ts'
import { ROOMY } from '../store/contract.ts'
import { batch, born, filled, finished } from '../store/tools.ts'
import { following, PULSE_MS, pass, pulses, timeStands } from './following.ts'
import { follow } from './shown.ts'

timeStands()

describe('a follower', () => {
  test('is given what is there at once, then what comes, then the end', async () => {
    const store = new MemoryStore(ROOMY)
    const id = await born(store)
    await store.append(id, batch('a', 'b'))
    const reader = following(store, id)
    await pass()
    expect(reader.said()).toEqual(['ab'])
    await store.append(id, batch('c'))
    await pass()
    expect(reader.said()).toEqual(['ab', 'c'])
    await store.end(id, { reason: 'cancelled' })
    await reader.over
    expect(reader.said()).toEqual(['ab', 'c', '|cancelled'])
  })

  test('is given the rest of an ended log and its end, from any number', async () => {
    const store = new MemoryStore(ROOMY)
    const id = await finished(store, batch('a', 'b', 'c'))
    for (const [from, rest] of [
      [0, 'abc|done'],
      [1, 'bc|done'],
      [3, '|done'],
      [99, '|done'],
    ] as const) {
      const reader = following(store, id, from)
      await reader.over
      expect(reader.said()).toEqual([rest])
    }
  })

  test('is given a long log in pages that follow each other, with no wait between them', async () => {
    const store = new MemoryStore(ROOMY)
    const id = await born(store)
    await store.append(id, filled(10_000, 200))
    const reader = following(store, id)
    await pass()
    expect(reader.pages.length).toBeGreaterThan(1)
    expect(Buffer.concat(reader.pages.flatMap(({ bytes }) => bytes))).toHaveLength(2_000_000)
    expect(reader.pages.every(({ bytes }) => bytes.length > 0)).toBe(true)
    await store.end(id, { reason: 'done' })
    await reader.over
  })

  test('of an unknown log is told so', async () => {
    const reader = following(new MemoryStore(ROOMY), 'nobody')
    await expect(reader.over).rejects.toMatchObject({ name: 'Fault', code: 'task_not_found' })
    expect(reader.pages).toEqual([])
  })

  test('F51: of a log that is freed on the way is told so, and not that it was over', async () => {
    const store = new MemoryStore({ ...ROOMY, tasks: 1 })
    const id = await born(store)
    await store.append(id, filled(200_000, 4))
    const shown: Page[] = []
    const over = follow(store, id, 0, pulses, new AbortController().signal, async (page) => {
      shown.push(page)
      await store.end(id, { reason: 'done' })
      await born(store)
    })
    await expect(over).rejects.toMatchObject({ code: 'task_not_found' })
    expect(shown).toHaveLength(1)
    expect(shown[0]).not.toHaveProperty('end')
  })

  test('of a log that still runs when the store closes is sent away, and does not ask for ever', async () => {
    const store = new MemoryStore(ROOMY)
    const id = await born(store)
    const reader = following(store, id)
    await pass()
    await store.close()
    await expect(reader.over).rejects.toMatchObject({ code: 'task_not_found' })
  })

  test('that leaves is given nothing more', async () => {
    const store = new MemoryStore(ROOMY)
    const id = await born(store)
    const reader = following(store, id)
    await pass()
    reader.leave()
    await reader.over
    await store.append(id, batch('a'))
    await pass(PULSE_MS)
    expect(reader.pages).toEqual([])
    expect(vi.getTimerCount()).toBe(0)
  })

  test('that leaves while it is being shown something is not kept waiting for more', async () => {
    const store = new MemoryStore(ROOMY)
    const id = await born(store)
    await store.append(id, batch('a'))
    const leave = new AbortController()
    const over = follow(store, id, 0, pulses, leave.signal, async () => leave.abort())
    await pass()
    expect(await pending(over)).toBe(false)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('that has left before it came reads nothing', async () => {
    const store = new MemoryStore(ROOMY)
    const id = await finished(store, batch('a'))
    const shown: Page[] = []
    await follow(store, id, 0, pulses, AbortSignal.abort(), async (page) => void shown.push(page))
    expect(shown).toEqual([])
  })
})
