import { PAGE_BYTES, type Page } from '../store.ts'
import { behind, entriesOf, list } from './entries.ts'
import { atLeast, type Keys } from './keys.ts'
import type { Link } from './link.ts'

/** Entries of one reply: enough for a page of small ones, and what is known of the log says how many. */
const FIRST_COUNT = 16
const MOST_COUNT = 2048
/** For so many logs the size of their entries is remembered. */
const REMEMBERED = 1_000

/** Pages of logs, read from Redis: of those that ended, and what is too old to be at hand. */
export class Pages {
  readonly #link: Link
  readonly #keys: Keys
  readonly #counts = new Map<string, number>()

  constructor(link: Link, keys: Keys) {
    this.#link = link
    this.#keys = keys
  }

  /** Undefined: Redis does not have the log, or not this part of it. @throws Fault `store_unavailable` */
  async read(id: string, from: number): Promise<Page | undefined> {
    const log = this.#keys.log(id)
    const count = this.#counts.get(id) ?? FIRST_COUNT
    const [reply, exists] = await this.#link.timely(
      Promise.all([
        this.#link.sendForBytes(['XRANGE', log, atLeast(from), '+', 'COUNT', String(count)]),
        this.#link.send(['EXISTS', log]),
      ]),
    )
    const bytes: Uint8Array[] = []
    let next = from
    let size = 0
    for (const entry of entriesOf(reply)) {
      if (entry.end) {
        this.#counts.delete(id)
        return { bytes: together(bytes), next, end: entry.end }
      }
      const skip = next - (entry.chunks - entry.batch.count)
      // A gap: the log lost what was in it.
      if (skip < 0) return size > 0 ? { bytes: together(bytes), next } : undefined
      if (skip >= entry.batch.count) continue
      const batch = behind(entry.batch, skip)
      if (size > 0 && size + batch.bytes.length > PAGE_BYTES) break
      bytes.push(batch.bytes)
      size += batch.bytes.length
      next = entry.chunks
    }
    if (size > 0) this.#remember(id, Math.ceil((list(reply).length * PAGE_BYTES) / size))
    else if (exists !== 1) return undefined
    return { bytes: together(bytes), next }
  }

  #remember(id: string, count: number): void {
    if (this.#counts.size >= REMEMBERED) this.#counts.clear()
    this.#counts.set(id, Math.min(MOST_COUNT, Math.max(2, count)))
  }
}

/** Many small views cost a reader more than one copy. */
const together = (bytes: readonly Uint8Array[]): readonly Uint8Array[] =>
  bytes.length > 1 ? [Buffer.concat(bytes)] : bytes
