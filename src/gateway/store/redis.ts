import { randomUUID } from 'node:crypto'
import type { End } from '../../protocol.ts'
import { infoOf } from './ledger.ts'
import { addressOf } from './redis/address.ts'
import { Followers } from './redis/followers.ts'
import { Inbox } from './redis/inbox.ts'
import { Keys } from './redis/keys.ts'
import { Lease } from './redis/lease.ts'
import { Link, unavailable } from './redis/link.ts'
import { Operator } from './redis/operator.ts'
import { REDIS_TIMING, type RedisOptions } from './redis/options.ts'
import { Own } from './redis/own.ts'
import { LOST } from './redis/owned.ts'
import { Pages } from './redis/pages.ts'
import { Reader } from './redis/reader.ts'
import { Registry } from './redis/registry.ts'
import { taskInfo } from './redis/rows.ts'
import type {
  Appended,
  Batch,
  NewTask,
  Shared,
  Sleeper,
  StoreHealth,
  StreamStore,
  TaskInfo,
} from './store.ts'

/** How often a claim is looked up when its task goes away meanwhile. */
const CLAIM_TRIES = 3

/**
 * Logs in Redis, for any number of gateways. Each log has one writer, the gateway that runs its task; everyone reads. What a reader is
 * shown has been stored before, except while Redis is away: then the owner's own readers go on, and Redis gets it later.
 */
export class RedisStore implements StreamStore {
  readonly kind = 'redis'
  readonly shared: Shared
  readonly #operator: Operator
  readonly #callMs: number
  readonly #link: Link
  readonly #readerLink: Link
  readonly #registry: Registry
  readonly #own: Own
  readonly #reader: Reader
  readonly #followers: Followers
  readonly #lease: Lease
  /** Being created: Redis may know of them before this gateway does. */
  readonly #coming = new Set<string>()
  #freed = 0
  #tried: () => void = () => {}
  #closed = false

  /**
   * Does not wait long for Redis: without it the gateway is there, refuses new chats, and recovers by itself.
   * @throws Error when the address makes no sense
   */
  static async open(options: RedisOptions): Promise<RedisStore> {
    const store = new RedisStore(options)
    await new Promise<void>((resolve) => {
      store.#tried = resolve
    })
    return store
  }

  private constructor(options: RedisOptions) {
    const { limits, prefix = 'ghost:', chance = Math.random, clock = () => performance.now() } = options
    const address = addressOf(options.url)
    const timing = { ...REDIS_TIMING, ...options.timing }
    this.#operator = new Operator(options.say, address.shown)
    this.#callMs = timing.callMs
    const common = { address, callMs: timing.callMs, chance }
    const [onUp, onDown] = [() => void this.#up(), () => this.#miss()]
    const link = new Link({ ...common, name: 'ghost', onUp, onDown })
    const restart = () => this.#reader.restart()
    this.#readerLink = new Link({ ...common, name: 'ghost-reader', onUp: restart, onDown() {} })
    this.#link = link
    const here = {
      ...timing,
      link,
      keys: new Keys(prefix),
      gateway: randomUUID(),
      shown: address.shown,
      ttlMs: limits.ttlMs,
      limits,
      clock,
    }
    const registry = new Registry(here)
    const inbox = new Inbox({ ...here, ownerOf: (id) => registry.ownerOf(id) })
    this.#registry = registry
    this.#own = new Own({
      ...here,
      onEvict: (id) => this.#free(id),
      onOrphan: (id) => {
        if (!this.#coming.has(id) && !registry.isDoomed(id)) void registry.end(id, LOST).catch(() => {})
      },
    })
    this.#reader = new Reader({
      ...here,
      link: this.#readerLink,
      onMessages: (messages) => inbox.take(messages),
      wake: () => inbox.wake(),
    })
    this.#followers = new Followers({
      ...here,
      reader: this.#reader,
      pages: new Pages(link, here.keys),
      lookUp: (id) => registry.row(id),
    })
    this.#lease = new Lease({
      ...here,
      onPulse: (mine) => this.#pulse(mine),
      onMiss: () => this.#miss(),
    })
    this.shared = inbox
  }

  get bytes(): number {
    return this.#own.bytes + this.#followers.bytes
  }
  get evicted(): number {
    return this.#freed
  }

  health(): StoreHealth {
    const detail = this.#link.trouble ?? this.#lease.trouble ?? this.#own.trouble
    return detail === undefined ? { durable: true } : { durable: false, detail }
  }

  async create(task: NewTask): Promise<TaskInfo> {
    this.#coming.add(task.id)
    try {
      return await this.#create(task)
    } finally {
      this.#coming.delete(task.id)
    }
  }

  async #create(task: NewTask): Promise<TaskInfo> {
    for (let tries = 0; tries < CLAIM_TRIES; tries++) {
      const created = await this.#registry.create(task)
      if ('createdAt' in created) {
        for (const id of created.freed) this.#gone(id)
        return infoOf(this.#own.add(task, created.createdAt))
      }
      // A task whose creation was given up here is not one to join.
      const info = this.#registry.isDoomed(created.found) ? undefined : await this.info(created.found)
      if (info) return info
      await this.#registry.settle()
    }
    throw unavailable('the task of this Idempotency-Key comes and goes')
  }

  append(id: string, batch: Batch): Promise<Appended> {
    return this.#own.append(id, batch)
  }

  async end(id: string, end: End): Promise<boolean> {
    const own = this.#own.get(id)
    return own ? this.#own.end(own, end) : this.#registry.end(id, end)
  }

  read(id: string, from: number): ReturnType<StreamStore['read']> {
    const own = this.#own.get(id)
    if (this.#closed && !own?.end) return undefined
    return own ? this.#own.read(own, from) : this.#followers.read(id, from)
  }

  watch(id: string, sleeper: Sleeper): boolean {
    if (this.#closed) return false
    const own = this.#own.get(id)
    return own ? this.#own.watch(own, sleeper) : this.#followers.watch(id, sleeper)
  }

  unwatch(id: string, sleeper: Sleeper): void {
    this.#own.unwatch(id, sleeper)
    this.#followers.unwatch(id, sleeper)
  }

  async info(id: string): Promise<TaskInfo | undefined> {
    const own = this.#own.get(id)
    if (own) return infoOf(own)
    const row = await this.#registry.row(id)
    return row && taskInfo(row)
  }

  async list(): Promise<readonly TaskInfo[]> {
    const rows = await this.#registry.newestFirst()
    return rows.map((row) => {
      const own = this.#own.get(row.id)
      return own ? infoOf(own) : taskInfo(row)
    })
  }

  async sweep(): Promise<void> {
    this.#own.sweep()
    await this.#registry.tidy().catch(() => {})
  }

  async ready(): Promise<void> {
    const trouble = this.#link.trouble ?? this.#lease.trouble
    if (trouble !== undefined) throw unavailable(trouble)
    await this.#link.timely(this.#link.send(['PING']))
  }

  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    this.#followers.close()
    await this.#own.close(this.#callMs)
    this.#reader.close()
    await this.#lease.close()
    await Promise.all([this.#link.close(), this.#readerLink.close()])
  }

  /** This gateway frees one that ended, to make room. */
  #free(id: string): void {
    this.#registry.forget(id)
    this.#freed++
  }

  /** Redis freed it to make room for another one. */
  #gone(id: string): void {
    this.#own.forget(id)
    this.#followers.forget(id)
    this.#freed++
  }

  #pulse(mine: readonly string[]): void {
    this.#operator.comfort()
    void this.#registry.settle()
    this.#own.compare(mine)
    this.#followers.sweep((ids) => this.#registry.missing(ids)).catch(() => {})
  }

  async #up(): Promise<void> {
    this.#own.doubt()
    void this.#lease.beat()
    const info = await this.#link.timely(this.#link.send(['INFO'])).catch(() => undefined)
    if (info !== undefined) this.#operator.warn(String(info))
    this.#tried()
  }

  /** There is no connection, or Redis refuses what it has to take. */
  #miss(): void {
    this.#own.doubt()
    if (!this.#closed) this.#operator.worry(this.#link.trouble ?? this.#lease.trouble)
    this.#tried()
  }
}
