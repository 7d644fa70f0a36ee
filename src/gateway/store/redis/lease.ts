import { list } from './entries.ts'
import type { Keys } from './keys.ts'
import { type Link, wordsOf } from './link.ts'
import { SCRIPTS } from './scripts.ts'

export interface LeaseOptions {
  readonly link: Link
  readonly keys: Keys
  readonly gateway: string
  readonly ttlMs: number
  readonly pulseMs: number
  readonly callMs: number
  /** A gateway that is not seen for so long is dead, and its tasks are interrupted. */
  readonly leaseMs: number
  /** How long one has to be seen without a gap before it may judge others. */
  readonly graceMs: number
  readonly shown: string
  /** The tasks that Redis believes this gateway runs. */
  onPulse(mine: readonly string[]): void
  onMiss(): void
}

/** Pulses in a row without an answer, after which another connection is tried. One may be this process's own standstill. */
const MISSES = 2

const DEAD = JSON.stringify({
  reason: 'interrupted',
  type: 'Interrupted',
  message: 'the gateway that ran this answer is gone',
})

/**
 * Shows the others that this gateway lives, and ends the tasks of those who do not. It needs no lease a task: an ended log refuses its
 * owner by itself, however late it comes back.
 */
export class Lease {
  readonly #options: LeaseOptions
  readonly #timer: NodeJS.Timeout
  #beating = false
  #missed = 0
  #trouble: string | undefined

  constructor(options: LeaseOptions) {
    this.#options = options
    this.#timer = setInterval(() => void this.beat(), options.pulseMs)
  }

  /** Why the last pulse was not taken, though there is a connection. */
  get trouble(): string | undefined {
    return this.#trouble
  }

  async beat(): Promise<void> {
    const { link, keys, gateway, leaseMs, graceMs, pulseMs, callMs, ttlMs } = this.#options
    if (this.#beating || link.trouble !== undefined) return
    this.#beating = true
    try {
      const times = [leaseMs, graceMs, 3 * pulseMs, ttlMs].map(String)
      const reply = link.run(SCRIPTS.pulse, [], [keys.prefix, gateway, ...times, DEAD])
      const mine = list(await link.timely(reply, callMs, () => this.#late()))
      this.#missed = 0
      this.#trouble = undefined
      this.#options.onPulse(mine.map(String))
    } catch (error) {
      this.#trouble = wordsOf(error, this.#options)
      this.#options.onMiss()
    } finally {
      this.#beating = false
    }
  }

  #late(): void {
    if (++this.#missed < MISSES) return
    this.#missed = 0
    this.#options.link.drop()
  }

  /** Leaves in order. */
  async close(): Promise<void> {
    const { link, keys, gateway } = this.#options
    clearInterval(this.#timer)
    await link.ask(SCRIPTS.leave, [keys.prefix, gateway]).catch(() => {})
  }
}
