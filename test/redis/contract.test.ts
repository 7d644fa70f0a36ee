import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll } from 'vitest'
import { RedisStore } from '../../src/gateway/store/redis.ts'
import type { StreamStore } from '../../src/gateway/store/store.ts'
import { type Open, storeContract } from '../store/contract.ts'
import { RedisServer } from './server.ts'

let redis: RedisServer
beforeAll(async () => {
  redis = await RedisServer.start()
})
afterAll(() => redis[Symbol.asyncDispose]())

/** A millisecond of a test's clock is a second in Redis, so that what is left of it does not pass meanwhile. */
const SCALE = 1000

/** What expires under a prefix is so much older at once. */
const AGE = `
for _, key in ipairs(redis.call('KEYS', ARGV[1] .. '*')) do
  local left = redis.call('PTTL', key)
  if left > 0 then redis.call('PEXPIRE', key, math.max(0, left - tonumber(ARGV[2]))) end
end`

/** The store, in whose Redis the time passes that passes on the clock: before anything is asked of it. */
function aged(store: StreamStore, prefix: string, clock: () => number): StreamStore {
  let now = clock()
  const pass = async () => {
    const passed = (clock() - now) * SCALE
    now = clock()
    if (passed > 0) await redis.ask(['EVAL', AGE, '0', prefix, String(passed)])
  }
  return new Proxy(store, {
    get(_, name: keyof StreamStore) {
      const value = store[name]
      if (typeof value !== 'function') return value
      return async (...args: unknown[]) => {
        await pass()
        return Reflect.apply(value as (...args: unknown[]) => unknown, store, args)
      }
    },
  })
}

/** Who reads, asks, waits and frees is another gateway than the one that runs the tasks. */
function apart(owner: StreamStore, other: StreamStore): StreamStore {
  const owned: ReadonlySet<keyof StreamStore> = new Set(['create', 'append', 'end'])
  return new Proxy(other, {
    get(_, name: keyof StreamStore) {
      const store = owned.has(name) ? owner : other
      const value = store[name]
      return typeof value === 'function' ? value.bind(store) : value
    },
  })
}

function opened(arrange: (open: () => Promise<RedisStore>) => Promise<StreamStore>): Open {
  return async (limits, clock) => {
    const prefix = `${randomUUID()}:`
    const stores: RedisStore[] = []
    const open = async () => {
      const store = await RedisStore.open({
        url: redis.url,
        prefix,
        limits: clock ? { ...limits, ttlMs: limits.ttlMs * SCALE } : limits,
        say() {},
        ...(clock && { clock: () => clock() * SCALE }),
      })
      stores.push(store)
      return store
    }
    const store = await arrange(open)
    return {
      store: clock ? aged(store, prefix, clock) : store,
      async [Symbol.asyncDispose]() {
        await Promise.all(stores.map((one) => one.close()))
      },
    }
  }
}

storeContract(
  'redis',
  opened((open) => open()),
)
storeContract(
  'redis, as another gateway sees it,',
  opened(async (open) => apart(await open(), await open())),
)
