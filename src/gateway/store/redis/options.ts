import type { StoreLimits } from '../store.ts'

export interface RedisOptions {
  /** `redis://[user:password@]host[:port][/database]`, or `rediss://`. */
  readonly url: string
  /** What all keys begin with. Default: `ghost:`. */
  readonly prefix?: string
  readonly limits: StoreLimits
  /** One line for the operator. */
  say(line: string): void
  readonly timing?: Partial<RedisTiming>
  /** Monotonic milliseconds. */
  readonly clock?: () => number
  /** 0 to 1. */
  readonly chance?: () => number
}

/** Arguments, so that a test need not wait for them. */
export interface RedisTiming {
  /** How often a gateway shows that it lives, and looks after the others. */
  readonly pulseMs: number
  /** A gateway that was not seen for so long is dead. */
  readonly leaseMs: number
  /** How long a gateway has to be seen without a gap before it may call another one dead. */
  readonly graceMs: number
  /** How long Redis may take before the owner's own readers go on without it. */
  readonly patienceMs: number
  /** What every question to Redis has at most. */
  readonly callMs: number
  /** What the owner of a task has to answer an order. */
  readonly answerMs: number
  /** How long what ended, or is not read any more, stays at hand. */
  readonly lingerMs: number
  /** What a task may have that Redis does not. */
  readonly unsentBytes: number
}

export const REDIS_TIMING: RedisTiming = {
  pulseMs: 1_000,
  leaseMs: 9_000,
  graceMs: 3_000,
  patienceMs: 1_000,
  callMs: 1_500,
  answerMs: 2_000,
  lingerMs: 2_000,
  unsentBytes: 8 << 20,
}
