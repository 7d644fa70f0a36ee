import type { CancelReceipt, End, TaskStatus } from '../../protocol.ts'

/**
 * Chunks laid end to end: chunk i of `count` is `bytes[ends[i - 1] ?? 0 .. ends[i])`. One buffer, because one a chunk costs 2 to 3 times the
 * memory. Buffer and ends may be longer than that, since they are used again.
 */
export interface Batch {
  readonly bytes: Uint8Array
  readonly ends: readonly number[]
  readonly count: number
}

/** How many bytes the first `count` chunks have. */
export function lengthOf({ ends }: Batch, count: number): number {
  return count > 0 ? (ends[count - 1] ?? 0) : 0
}

/** What a reader gets at once at most: large enough to be cheap, small enough to be what a stalled one costs. */
export const PAGE_BYTES = 256 << 10

/** How many whole chunks of the batch go into `bytes`. */
export function fitting(batch: Batch, bytes: number): number {
  let fits = batch.count
  while (fits > 0 && lengthOf(batch, fits) > bytes) fits--
  return fits
}

/** What a new log is told at its birth. `claim` makes the creation idempotent: one log a key, whoever asks first. */
export interface NewTask {
  readonly id: string
  readonly claim?: { readonly key: string; readonly digest: string }
}

/** What a log knows of itself. Times are milliseconds since the epoch. */
export interface TaskInfo {
  readonly id: string
  readonly status: TaskStatus
  readonly chunks: number
  readonly bytes: number
  readonly createdAt: number
  readonly finishedAt: number | undefined
  readonly end: End | undefined
}

/** Some chunks of one log, ready to be written to a reader as they are, cut at chunk ends. `next` is the number after the last. */
export interface Page {
  readonly bytes: readonly Uint8Array[]
  readonly next: number
  readonly end?: End
}

/** `full`: the append was not stored because a cap stands against it; the caller ends the log as truncated. */
export type Appended = 'stored' | 'ended' | 'full'

/**
 * Append-only logs by task id. Chunks are numbered from 0 without gaps; an id is never used twice; a chunk is stored before any
 * reader sees it, so no reader is ever ahead of the log. Three back ends keep this one contract (`test/store/contract.ts`).
 */
export interface StreamStore {
  readonly kind: string
  /** Bytes of streams held in this process's memory. */
  readonly bytes: number
  /** Finished logs that were freed before their time to make room. */
  readonly evicted: number
  health(): StoreHealth
  /**
   * Opens a log, or finds the one that holds the same claim (`id` of the answer differs then).
   * Frees the oldest finished logs to make room; a running one is never freed.
   * @throws Fault `at_capacity` when every place is taken by a running task, `idempotency_conflict` when the claim's digest differs
   */
  create(task: NewTask): Promise<TaskInfo>
  /** Stores chunks behind the last one; the batch is copied before the call returns. `full` and `ended` store nothing, unless a first part fits: what fitted stays. */
  append(id: string, batch: Batch): Promise<Appended>
  /** Seals the log. False: it had ended already, or is unknown; the first end wins. */
  end(id: string, end: End): Promise<boolean>
  /**
   * At most a page from chunk `from` on; a promise of it only where it has to be fetched. An ended log read to its last chunk or beyond
   * answers with its end. Undefined: unknown, or not ended when the store closed.
   */
  read(id: string, from: number): Page | undefined | Promise<Page | undefined>
  /**
   * True: there is nothing to read at the sleeper's `next` yet, and it is woken when there may be something, when the log has its end or
   * is gone, and when the store closes; perhaps more than once. False: there may be something already, and nobody is woken.
   */
  watch(id: string, sleeper: Sleeper): boolean
  /** Wakes it no more. */
  unwatch(id: string, sleeper: Sleeper): void
  info(id: string): Promise<TaskInfo | undefined>
  /** Newest first. */
  list(): Promise<readonly TaskInfo[]>
  /** Forgets what ended longer ago than the time to live. */
  sweep(): Promise<void>
  /** Resolves while the store can take new tasks; otherwise rejects with a sentence. */
  ready(): Promise<void>
  close(): Promise<void>
  /** Only in a store that several gateways share. */
  readonly shared?: Shared
}

/** What a shared store can do more: take an order to the gateway that runs a task, and its answer back. */
export interface Shared {
  /** `unconfirmed`: the owner did not answer within 2 s. Undefined: nobody runs this task. */
  askToCancel(id: string): Promise<CancelReceipt | 'unconfirmed' | undefined>
  /** Who carries out the orders that come for this process's tasks. */
  onCancel(carryOut: (id: string) => Promise<CancelReceipt | undefined>): void
}

/** How one who waits is told to stop. Any AbortSignal is one. */
export interface Leaving {
  readonly aborted: boolean
  addEventListener(type: 'abort', act: () => void): void
  removeEventListener(type: 'abort', act: () => void): void
}

/** One who wants to know that a log may have grown. */
export interface Sleeper {
  /** The number of the chunk that it waits for. */
  readonly next: number
  wake(): void
}

/** Whether what is shown now would survive the process, and if not, why. */
export interface StoreHealth {
  readonly durable: boolean
  readonly detail?: string
}

export interface StoreLimits {
  /** Bytes of one log. */
  readonly taskBytes: number
  /** Bytes of all logs of this process. */
  readonly totalBytes: number
  /** Logs held at once. */
  readonly tasks: number
  /** How long a finished log stays readable. */
  readonly ttlMs: number
}
