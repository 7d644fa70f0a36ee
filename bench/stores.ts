import { randomUUID } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import type { Batch, StreamStore } from '../src/gateway/store/store.ts'

/** What an agent's event is like: 150 bytes with its id line. */
const CHUNK = Buffer.alloc(150, 'x')

function batchOf(chunks: number): Batch {
  return {
    bytes: Buffer.concat(Array<Buffer>(chunks).fill(CHUNK)),
    ends: Array.from({ length: chunks }, (_, i) => 150 * (i + 1)),
  }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve))

/** CPU seconds a million chunks cost, and chunks a second: 400 chunks a tick, spread over the tasks. */
export async function fill(
  store: StreamStore,
  tasks: number,
  total: number,
): Promise<{ cpu: number; perSecond: number }> {
  const ids = Array.from({ length: tasks }, () => randomUUID())
  for (const id of ids) await store.create({ id })
  const perTick = 400
  const each = Math.max(1, Math.floor(perTick / tasks))
  const batch = batchOf(each)
  const used = process.cpuUsage()
  const began = performance.now()
  for (let done = 0, next = 0; done < total; ) {
    const writes: Promise<unknown>[] = []
    for (let n = 0; n < perTick; n += each) {
      writes.push(store.append(ids[next++ % tasks] ?? '', batch))
      done += each
    }
    await Promise.all(writes)
    await turn()
  }
  const { user, system } = process.cpuUsage(used)
  const ms = performance.now() - began
  for (const id of ids) await store.end(id, { reason: 'done' })
  return { cpu: (user + system) / total, perSecond: (total / ms) * 1000 }
}

/** Not counted: five hundred streams that begin in one moment are another thing than ten thousand chunks a second. */
const WARM_MS = 1_000

/** Milliseconds from an append to its reader, each of `tasks` streams with one reader of its own, at a steady rate. */
export async function pass(
  writer: StreamStore,
  reader: StreamStore,
  {
    tasks,
    perSecond,
    seconds,
  }: { readonly tasks: number; readonly perSecond: number; readonly seconds: number },
): Promise<{ p50: number; p99: number; late: number; cpu: number }> {
  // What the run before has left must not be collected in this one.
  globalThis.gc?.()
  const ids = Array.from({ length: tasks }, () => randomUUID())
  for (const id of ids) await writer.create({ id })
  const took: number[] = []
  const began = performance.now()
  const stop = new AbortController()
  setMaxListeners(0, stop.signal)
  const readers = ids.map(async (id) => {
    for (let from = 0; ; ) {
      const page = await reader.read(id, from)
      const now = performance.now()
      for (const bytes of now - began < WARM_MS ? [] : (page?.bytes ?? []))
        for (let at = 0; at < bytes.length; at += CHUNK.length)
          took.push(now - Buffer.from(bytes.buffer, bytes.byteOffset + at, 8).readDoubleLE(0))
      if (!page || page.end) return
      from = page.next
      await reader.wait(id, from, 60_000, stop.signal)
    }
  })
  const total = perSecond * seconds
  const used = process.cpuUsage()
  let sent = 0
  while (sent < total) {
    const due = Math.min(total, Math.floor(((performance.now() - began) / 1000) * perSecond))
    for (; sent < due; sent++) {
      const bytes = Buffer.from(CHUNK)
      bytes.writeDoubleLE(performance.now(), 0)
      void writer.append(ids[sent % tasks] ?? '', { bytes, ends: [bytes.length] })
    }
    await new Promise((resolve) => setTimeout(resolve, 1))
  }
  const { user, system } = process.cpuUsage(used)
  const late = performance.now() - began - seconds * 1000
  for (const id of ids) await writer.end(id, { reason: 'done' })
  await Promise.all(readers)
  stop.abort()
  took.sort((a, b) => a - b)
  const at = (q: number) => took[Math.floor(q * (took.length - 1))] ?? Number.NaN
  return { p50: at(0.5), p99: at(0.99), late, cpu: (user + system) / total }
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[sorted.length >> 1] ?? Number.NaN
}
