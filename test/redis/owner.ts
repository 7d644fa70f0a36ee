import type { RedisOptions } from '../../src/gateway/store/redis/options.ts'
import { RedisStore } from '../../src/gateway/store/redis.ts'

/** What the process that is made of this file is asked, and what it answers. */
export interface Question {
  readonly question: number
  readonly name: 'create' | 'append' | 'end' | 'read' | 'info'
  readonly args: readonly unknown[]
}
export interface Answer {
  readonly question: number
  readonly value?: unknown
  readonly error?: string
}

const options = JSON.parse(process.argv[2] ?? '') as RedisOptions
const store = await RedisStore.open({ ...options, say() {} })
process.on('message', ({ question, name, args }: Question) => {
  const call = store[name].bind(store) as (...args: readonly unknown[]) => unknown
  Promise.resolve(call(...args)).then(
    (value) => process.send?.({ question, value } satisfies Answer),
    (error) => process.send?.({ question, error: String(error) } satisfies Answer),
  )
})
process.send?.('open')
