import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { follow } from '../../src/gateway/chat/follow.ts'
import { Pulses } from '../../src/gateway/chat/pulses.ts'
import { MemoryStore } from '../../src/gateway/store/memory.ts'
import type { Page, StreamStore } from '../../src/gateway/store/store.ts'
import { pending } from '../rig/wait.ts'
import { ROOMY } from '../store/contract.ts'
import { batch, born, filled, finished } from '../store/tools.ts'

const PULSE_MS = 15_000
/** Those that fall into the same quarter of a second go together. */
const TOGETHER_MS = 250
const NOTHING = { bytes: [], next: 0 }

let pulses: Pulses

/** A follower whose pages are noted as they come. */
function following(store: StreamStore, id: string, from = 0) {
  const leave = new AbortController()
  const pages: Page[] = []
  const over = follow(store, id, from, pulses, leave.signal, (page) => {
    pages.push(page)
    return undefined
  })
  over.catch(() => {})
  return { pages, over, leave: () => leave.abort(), said: () => pages.map(textOf) }
}

const textOf = (page: Page) => `${Buffer.concat(page.bytes)}${page.end ? `|${page.end.reason}` : ''}`
/** Lets everything happen that needs no time, and then so much time pass. */
const pass = (ms = 0) => vi.advanceTimersByTimeAsync(ms)

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  pulses = new Pulses(PULSE_MS)
})
afterEach(() => {
  vi.useRealTimers()
})

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
