import { randomBytes } from 'node:crypto'
import { expect } from 'vitest'
import type { RedisStore } from '../../src/gateway/store/redis.ts'
import { within } from '../rig/wait.ts'
import { batch } from '../store/tools.ts'

/** Chunks whose numbers can be read, and what they are together. */
export class Script {
  readonly said: Buffer[] = []
  /** Appends one more, and waits until the store has it. */
  async say(store: RedisStore, id: string): Promise<void> {
    const chunk = Buffer.concat([Buffer.from(`${this.said.length}:`), randomBytes(50)])
    this.said.push(chunk)
    expect(await within('an append', store.append(id, batch(chunk)))).toBe('stored')
  }
  get whole(): Buffer {
    return Buffer.concat(this.said)
  }
}

/** What it was refused with. Undefined: it was not. */
export const refusal = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error,
  )
