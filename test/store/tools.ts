import { randomUUID } from 'node:crypto'
import { setMaxListeners } from 'node:events'
import type { Batch, Leaving, NewTask, StreamStore } from '../../src/gateway/store/store.ts'

const bytesOf = (chunk: Uint8Array | string) => (typeof chunk === 'string' ? Buffer.from(chunk) : chunk)

/** Its buffer and its ends are longer than its chunks, as those of a room are that is used again. */
export function batch(...chunks: readonly (Uint8Array | string)[]): Batch {
  let end = 0
  const ends = chunks.map((chunk) => (end += bytesOf(chunk).length))
  const bytes = Buffer.concat([...chunks.map(bytesOf), Buffer.from('of another stream')])
  return { bytes, ends: [...ends, end + 3, bytes.length], count: ends.length }
}

/** One batch of equal chunks, each filled with its own number, so that a gap or a repeat is seen. */
export const filled = (chunk: number, count = 1): Batch =>
  batch(...Array.from({ length: count }, (_, i) => Buffer.alloc(chunk, i)))

/** Opens a log with an id of its own. */
export async function born(store: StreamStore, claim?: NewTask['claim']): Promise<string> {
  const id = randomUUID()
  await store.create(claim ? { id, claim } : { id })
  return id
}

export async function finished(store: StreamStore, ...batches: readonly Batch[]): Promise<string> {
  const id = await born(store)
  for (const one of batches) await store.append(id, one)
  await store.end(id, { reason: 'done' })
  return id
}

/** What one `read` gave. */
export interface Sight {
  readonly from: number
  readonly next: number
  readonly bytes: Buffer
}

/** Reads page after page until there is nothing more for now. */
export async function pages(store: StreamStore, id: string, from = 0): Promise<Sight[]> {
  const seen: Sight[] = []
  for (let at = from; ; ) {
    const page = await store.read(id, at)
    if (!page) throw new Error('the log is unknown')
    if (page.next > at) seen.push({ from: at, next: page.next, bytes: Buffer.concat(page.bytes) })
    if (page.end || page.next === at) return seen
    at = page.next
  }
}

export const readNow = async (store: StreamStore, id: string, from = 0): Promise<Buffer> =>
  Buffer.concat((await pages(store, id, from)).map(({ bytes }) => bytes))

/** Resolves when there may be something to read at `from`, when `ms` have passed, or on abort. */
export function wait(
  store: StreamStore,
  id: string,
  from: number,
  ms: number,
  signal: Leaving,
): Promise<void> {
  return new Promise((resolve) => {
    const go = () => {
      clearTimeout(timer)
      store.unwatch(id, sleeper)
      signal.removeEventListener('abort', go)
      resolve()
    }
    const sleeper = { next: from, wake: go }
    const timer = setTimeout(go, ms)
    signal.addEventListener('abort', go)
    if (signal.aborted || !store.watch(id, sleeper)) go()
  })
}

/** Reads from `from` on until the end, waiting where there is nothing yet. `paced` runs before every read. */
export async function readToEnd(
  store: StreamStore,
  id: string,
  from: number,
  paced: () => Promise<unknown> = async () => {},
): Promise<Buffer> {
  const seen: Uint8Array[] = []
  for (let at = from; ; ) {
    await paced()
    const page = await store.read(id, at)
    if (!page) throw new Error('the log is unknown')
    seen.push(...page.bytes.map((view) => Uint8Array.from(view)))
    if (page.end) return Buffer.concat(seen)
    at = page.next
    await wait(store, id, at, 60_000, NEVER)
  }
}

export const NEVER = new AbortController().signal
setMaxListeners(0, NEVER)

/** Time that only a test turns. */
export class FakeClock {
  #now = 1_000_000
  readonly now = () => this.#now
  pass(ms: number): void {
    this.#now += ms
  }
}
