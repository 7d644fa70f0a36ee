import { expect, test } from 'vitest'
import { type ClientLimits, Clients } from '../../src/gateway/clients.ts'
import { faultOf, request } from './request.ts'

const MINUTE_MS = 60_000

/** Limits whose clock the test turns. */
function limited(limits: ClientLimits) {
  let now = 1_000
  const clients = new Clients(limits, () => now)
  const waited = (from: string) => {
    try {
      clients.ask(request({ from }))
    } catch (error) {
      return (error as { retryAfterS?: number }).retryAfterS
    }
    return undefined
  }
  return {
    clients,
    ask: (from = '192.0.2.1') => faultOf(() => clients.ask(request({ from }))),
    waited,
    pass: (ms: number) => {
      now += ms
    },
  }
}

test('where nobody set a limit there is none', () => {
  const { clients, ask } = limited({})
  for (let n = 0; n < 10_000; n++) {
    expect(ask()).toBeUndefined()
    clients.take('streams', request())
    clients.take('uploads', request())
    clients.take('sockets', request())
  }
})

test('so many requests a minute, then no more until the minute is over, and it is said how long that is', () => {
  const { ask, waited, pass } = limited({ requests: 3 })
  expect([ask(), ask(), ask(), ask()]).toEqual([undefined, undefined, undefined, 'too_many_requests'])
  expect(waited('192.0.2.1')).toBe(60)
  pass(MINUTE_MS - 1)
  expect(waited('192.0.2.1')).toBe(1)
  pass(1)
  expect([ask(), ask(), ask(), ask()]).toEqual([undefined, undefined, undefined, 'too_many_requests'])
})

test('one address does not pay for another, and the addresses of one network are one', () => {
  const { ask, clients } = limited({ requests: 1, streams: 1 })
  expect(ask('2001:db8::1')).toBeUndefined()
  expect(ask('2001:db8::2')).toBe('too_many_requests')
  expect(ask('2001:db8:0:1::2')).toBeUndefined()
  clients.take('streams', request({ from: '192.0.2.1' }))
  expect(faultOf(() => clients.take('streams', request({ from: '192.0.2.1' })))).toBe('too_many_requests')
  clients.take('streams', request({ from: '192.0.2.2' }))
})

test.each(['streams', 'uploads', 'sockets'] as const)(
  'of %s there are so many at once: one that is over makes room for one, once',
  (place) => {
    const { clients } = limited({ [place]: 2 })
    const take = () => clients.take(place, request())
    const first = take()
    take()
    expect(faultOf(take)).toBe('too_many_requests')
    first()
    first()
    take()
    expect(faultOf(take)).toBe('too_many_requests')
  },
)

test('a place of one kind is none of another', () => {
  const { clients } = limited({ streams: 1, uploads: 1, sockets: 1 })
  for (const place of ['streams', 'uploads', 'sockets'] as const) clients.take(place, request())
})
