import type { IncomingMessage } from 'node:http'
import { expect, test, vi } from 'vitest'

/** What was compared with the key: the lengths of both sides, each time. */
const compared: number[][] = []
vi.mock('node:crypto', async (original) => {
  const crypto = await original<typeof import('node:crypto')>()
  return {
    ...crypto,
    timingSafeEqual: (one: Buffer, other: Buffer) => {
      compared.push([one.length, other.length])
      return crypto.timingSafeEqual(one, other)
    },
  }
})
const { Access } = await import('../../src/gateway/access.ts')

const KEY = 'timing-key-0123456789abcdef'
const asks = (key: string) =>
  ({
    url: '/api/chat/tasks',
    headers: { 'x-ghost-key': key },
    socket: { remoteAddress: '127.0.0.1' },
  }) as unknown as IncomingMessage

/** Time as such cannot be tested on a machine that does other things; what takes the time can. */
test.each([
  ['nothing', ''],
  ['a wrong first letter', `x${KEY.slice(1)}`],
  ['a wrong last letter', `${KEY.slice(0, -1)}x`],
  ['nothing right', '#'.repeat(KEY.length)],
  ['one letter', KEY.slice(0, 1)],
  ['too much', `${KEY}${'x'.repeat(9_000)}`],
  ['letters of other scripts', 'é'.repeat(KEY.length)],
  ['the key', KEY],
])('A3: a key of %s is compared once, as two digests of one length, in constant time', (_, key) => {
  const access = new Access(KEY)
  compared.length = 0
  const admit = () => access.admit(asks(key), 'key')
  if (key === KEY) admit()
  else expect(admit).toThrow('missing or wrong')
  expect(compared).toEqual([[32, 32]])
})
