import { randomUUID } from 'node:crypto'
import type { RedisTiming } from '../../src/gateway/store/redis/options.ts'
import { RedisStore } from '../../src/gateway/store/redis.ts'
import type { StoreLimits, StreamStore } from '../../src/gateway/store/store.ts'
import { ROOMY } from '../store/contract.ts'
import { readToEnd } from '../store/tools.ts'
import type { RedisServer } from './server.ts'

export interface GatewayOptions {
  readonly limits?: Partial<StoreLimits>
  readonly timing?: Partial<RedisTiming>
  readonly url?: string
}

/** The stores of some gateways that share one set of tasks, and what they said. */
export class Gateways implements AsyncDisposable {
  readonly prefix = `${randomUUID()}:`
  readonly said: string[] = []
  readonly #redis: RedisServer
  readonly #options: GatewayOptions
  readonly #stores: RedisStore[] = []
  #over = false

  constructor(redis: RedisServer, options: GatewayOptions = {}) {
    this.#redis = redis
    this.#options = options
  }

  async open(more: GatewayOptions = {}): Promise<RedisStore> {
    const store = await RedisStore.open({
      url: more.url ?? this.#options.url ?? this.#redis.url,
      prefix: this.prefix,
      limits: { ...ROOMY, ...this.#options.limits, ...more.limits },
      timing: { ...this.#options.timing, ...more.timing },
      say: (line) => this.said.push(line),
    })
    this.#stores.push(store)
    return store
  }

  /** Two of them, since that is what most promises are about. */
  async pair(): Promise<readonly [RedisStore, RedisStore]> {
    return [await this.open(), await this.open()]
  }

  /** What Redis has of them, without the prefix. */
  async keys(pattern = '*'): Promise<string[]> {
    const keys = (await this.#redis.ask(['KEYS', `${this.prefix}${pattern}`])) as string[]
    return keys.map((key) => key.slice(this.prefix.length)).sort()
  }

  /** All bytes from chunk `from` to the end. Unlike its namesake of the contract it does not outlive a test that fails. */
  readToEnd(store: StreamStore, id: string, from: number): Promise<Buffer> {
    const reading = readToEnd(store, id, from, async () => {
      if (this.#over) throw new Error('the gateways are closed')
    })
    reading.catch(() => {})
    return reading
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over = true
    await Promise.all(this.#stores.map((store) => store.close()))
  }
}
