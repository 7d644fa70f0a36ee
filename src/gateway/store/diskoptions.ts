import type { Files } from './files.ts'
import type { Fsync } from './keeper.ts'
import type { StoreLimits } from './store.ts'

export interface DiskOptions {
  readonly dir: string
  readonly limits: StoreLimits
  readonly fsync: Fsync
  /** One line for the operator. */
  say(line: string): void
  /** Monotonic milliseconds. */
  readonly clock?: () => number
  readonly segmentBytes?: number
  readonly files?: Files
}
