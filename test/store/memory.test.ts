import { expect, test } from 'vitest'
import { MemoryStore } from '../../src/gateway/store/memory.ts'
import { ROOMY, storeContract } from './contract.ts'
import { batch, born, FakeClock, filled, finished } from './tools.ts'

storeContract('memory', async (limits, clock) => {
  const store = new MemoryStore(limits, clock)
  return { store, [Symbol.asyncDispose]: () => store.close() }
})

test('a memory store counts the bytes it holds, down to none', async () => {
  const clock = new FakeClock()
  const store = new MemoryStore({ ...ROOMY, ttlMs: 1000, tasks: 2 }, clock.now)
  await finished(store, filled(10, 3))
  const id = await born(store)
  await store.append(id, batch('12345'))
  expect(store.bytes).toBe(35)
  await born(store)
  expect(store.bytes).toBe(5)
  await store.end(id, { reason: 'cancelled' })
  clock.pass(1001)
  await store.sweep()
  expect(store.bytes).toBe(0)
})

test('a memory store counts what it freed before its time, and only that', async () => {
  const clock = new FakeClock()
  const store = new MemoryStore({ ...ROOMY, ttlMs: 1000, tasks: 1, totalBytes: 100 }, clock.now)
  await finished(store, filled(50))
  clock.pass(1001)
  await finished(store, filled(50))
  expect(store.evicted).toBe(0)
  await finished(store, filled(50))
  expect(store.evicted).toBe(1)
})

test('a memory store gives back the room that a finished log does not need', async () => {
  const store = new MemoryStore(ROOMY)
  const id = await finished(store, batch('12345'))
  expect((await store.read(id, 0))?.bytes[0]?.buffer.byteLength).toBe(5 + 4)
})
