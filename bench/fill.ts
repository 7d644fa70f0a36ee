import { randomUUID } from 'node:crypto'
import type { Batch, StreamStore } from '../src/gateway/store/store.ts'

/** What an agent's event is like: 150 bytes with its id line. */
const CHUNK = Buffer.alloc(150, 'x')

function batchOf(chunks: number): Batch {
  return {
    bytes: Buffer.concat(Array<Buffer>(chunks).fill(CHUNK)),
    ends: Array.from({ length: chunks }, (_, i) => 150 * (i + 1)),
    count: chunks,
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
