import { describe, expect, test, vi } from 'vitest'
import { MemoryStore } from '../../src/gateway/store/memory.ts'
import { ROOMY } from '../store/contract.ts'
import { batch, born } from '../store/tools.ts'
import { following, PULSE_MS, pass, pulses, textOf, timeStands } from './following.ts'
import { follow } from './shown.ts'

/** Those that fall into the same quarter of a second go together. */
const TOGETHER_MS = 250
const NOTHING = { bytes: [], next: 0 }

timeStands()

describe('a pulse', () => {
  test('comes when nothing came for its time, and not before', async () => {
    const store = new MemoryStore(ROOMY)
    const reader = following(store, await born(store))
    await pass(PULSE_MS - 1)
    expect(reader.pages).toEqual([])
    await pass(1)
    expect(reader.pages).toEqual([NOTHING])
    await pass(PULSE_MS - 1)
    expect(reader.pages).toEqual([NOTHING])
    await pass(1)
    expect(reader.pages).toEqual([NOTHING, NOTHING])
    reader.leave()
    await reader.over
  })

  test('comes together with those of others that are due at about the same time', async () => {
    const store = new MemoryStore(ROOMY)
    const readers = []
    for (let i = 0; i < 10; i++) {
      readers.push(following(store, await born(store)))
      await pass(10)
    }
    let turns = 0
    for (let ms = 0; ms < 2 * PULSE_MS; ms++) {
      const before = readers.flatMap(({ pages }) => pages).length
      await pass(1)
      if (readers.flatMap(({ pages }) => pages).length > before) turns++
    }
    expect(readers.map(({ pages }) => pages.length)).toEqual(Array(10).fill(2))
    expect(turns).toBe(2)
    for (const reader of readers) reader.leave()
    await Promise.all(readers.map(({ over }) => over))
  })

  test('that the reader has no room for is waited for, and what comes meanwhile waits behind it', async () => {
    const store = new MemoryStore(ROOMY)
    const id = await born(store)
    const said: string[] = []
    let take = () => {}
    const leave = new AbortController()
    const over = follow(store, id, 0, pulses, leave.signal, (page) => {
      said.push(textOf(page))
      if (page.bytes.length > 0) return undefined
      return new Promise((resolve) => {
        take = resolve
      })
    })
    await pass(PULSE_MS)
    expect(said).toEqual([''])
    await store.append(id, batch('a'))
    await pass(2 * PULSE_MS)
    expect(said).toEqual([''])
    take()
    await pass()
    expect(said).toEqual(['', 'a'])
    leave.abort()
    await over
  })

  test('that cannot be shown ends that reader, and comes to all others', async () => {
    const store = new MemoryStore(ROOMY)
    const id = await born(store)
    const broken = follow(store, id, 0, pulses, new AbortController().signal, () => {
      throw new Error('no socket')
    })
    const outcome = expect(broken).rejects.toThrow('no socket')
    const reader = following(store, id)
    await pass(PULSE_MS)
    await outcome
    expect(reader.pages).toEqual([NOTHING])
    reader.leave()
    await reader.over
    expect(vi.getTimerCount()).toBe(0)
  })

  test('in the midst of which the reader goes is its last', async () => {
    const store = new MemoryStore(ROOMY)
    const leave = new AbortController()
    const over = follow(store, await born(store), 0, pulses, leave.signal, () => {
      leave.abort()
      return undefined
    })
    await pass(PULSE_MS)
    await over
    expect(vi.getTimerCount()).toBe(0)
  })

  test('is put off by every chunk that comes', async () => {
    const store = new MemoryStore(ROOMY)
    const id = await born(store)
    const reader = following(store, id)
    for (let i = 0; i < 5; i++) {
      await pass(PULSE_MS - TOGETHER_MS)
      await store.append(id, batch('a'))
      await pass()
    }
    expect(reader.said()).toEqual(Array(5).fill('a'))
    await pass(PULSE_MS)
    expect(reader.said()).toEqual([...Array(5).fill('a'), ''])
    reader.leave()
    await reader.over
  })

  test('never comes right behind what was there', async () => {
    const store = new MemoryStore(ROOMY)
    const id = await born(store)
    await store.append(id, batch('a'))
    const reader = following(store, id)
    await pass(PULSE_MS - 1)
    expect(reader.said()).toEqual(['a'])
    await pass(1)
    expect(reader.said()).toEqual(['a', ''])
    reader.leave()
    await reader.over
  })

  test('comes to a reader from beyond the live end too, at the number it asked for', async () => {
    const store = new MemoryStore(ROOMY)
    const id = await born(store)
    const reader = following(store, id, 7)
    await pass(PULSE_MS)
    expect(reader.pages).toEqual([{ bytes: [], next: 7 }])
    reader.leave()
    await reader.over
  })

  test('does not come to that reader while chunks do that it did not ask for', async () => {
    const store = new MemoryStore(ROOMY)
    const id = await born(store)
    const reader = following(store, id, 10)
    for (let i = 0; i < 10; i++) {
      await pass(PULSE_MS / 20)
      await store.append(id, batch(`${i} `))
    }
    await pass(PULSE_MS / 2 - 1)
    expect(reader.pages).toEqual([])
    await pass(1)
    expect(reader.pages).toEqual([{ bytes: [], next: 10 }])
    await store.append(id, batch('ten'))
    await store.end(id, { reason: 'done' })
    await reader.over
    expect(reader.said().join('')).toBe('ten|done')
  })
})
