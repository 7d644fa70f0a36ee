import { describe, test } from 'vitest'
import type { StoreLimits, StreamStore } from '../../src/gateway/store/store.ts'
import { chunks } from './promises/chunks.ts'
import { claims } from './promises/claims.ts'
import { ends } from './promises/ends.ts'
import { readers } from './promises/readers.ts'
import { room } from './promises/room.ts'
import { time } from './promises/time.ts'
import { waits } from './promises/waits.ts'

/** A store that begins empty, and its teardown: connections, directories, whatever it needed. */
export interface Opened extends AsyncDisposable {
  readonly store: StreamStore
}

/** `clock` is monotonic milliseconds; a store that is given none has the real one. */
export type Open = (limits: StoreLimits, clock?: () => number) => Promise<Opened>

/** What a section of the contract is made of: `open` for a fresh store, `promise` for a test. */
export interface Contract {
  open(limits?: Partial<StoreLimits>, clock?: () => number): Promise<Opened>
  promise(title: string, body: () => Promise<void>): void
}

export const ROOMY: StoreLimits = {
  taskBytes: 50_000_000,
  totalBytes: 200_000_000,
  tasks: 200,
  ttlMs: 600_000,
}

/**
 * Everything a store promises, over a back end. Whatever a store says is awaited, and a task's id is a fresh UUID, as in life.
 * A back end that cannot keep a promise names it with its reason.
 */
export function storeContract(
  name: string,
  open: Open,
  exceptions: Readonly<Record<string, string>> = {},
): void {
  describe(`the ${name} store`, () => {
    const titles = new Set<string>()
    const contract: Contract = {
      open: (limits, clock) => open({ ...ROOMY, ...limits }, clock),
      promise(title, body) {
        titles.add(title)
        const reason = exceptions[title]
        if (reason === undefined) test(title, body)
        else test.skip(`${title} (not here: ${reason})`, body)
      },
    }
    for (const section of [chunks, readers, ends, waits, claims, time, room]) section(contract)
    for (const title of Object.keys(exceptions))
      if (!titles.has(title)) throw new Error(`nothing is promised as "${title}"`)
  })
}
