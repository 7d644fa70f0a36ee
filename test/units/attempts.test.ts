import { describe, expect, test } from 'vitest'
import { Access, type Door } from '../../src/gateway/access.ts'
import { type Asked, faultOf, request } from './request.ts'

const KEY = 'the-key'
const LIMIT = 300
const MINUTE_MS = 60_000

/** A guard whose clock the test turns. */
function guard() {
  let now = 1_800_000_000_000
  const access = new Access(KEY, () => now)
  const fail = (asked: Asked = {}, door: Door = 'key') =>
    faultOf(() => access.admit(request({ headers: { 'x-ghost-key': 'wrong' }, ...asked }), door))
  return {
    access,
    fail,
    /** So many attempts with a wrong key; the last one's fault. */
    fails: (count: number, asked: Asked = {}) => Array.from({ length: count }, () => fail(asked)).at(-1),
    passes: (from = '192.0.2.1') =>
      faultOf(() => access.admit(request({ headers: { 'x-ghost-key': KEY }, from }), 'key')),
    wait: (ms: number) => {
      now += ms
    },
  }
}

describe('attempts with a wrong key', () => {
  test('are refused as such up to the limit, and then as too many', () => {
    const door = guard()
    expect(door.fails(LIMIT)).toBe('unauthorized')
    expect(door.fail()).toBe('too_many_attempts')
  })

  test('count wherever they are made, and whatever is missing', () => {
    const door = guard()
    door.fails(LIMIT - 3)
    expect(door.fail({ headers: {} })).toBe('unauthorized')
    expect(door.access.try(request(), 'wrong')).toBe(false)
    expect(door.fail({ headers: {}, url: '/?key=wrong' }, 'page')).toBe('unauthorized')
    expect(door.fail({}, 'socket')).toBe('too_many_attempts')
    expect(faultOf(() => door.access.try(request(), 'wrong'))).toBe('too_many_attempts')
  })

  test('do not count when somebody only opens the page', () => {
    const door = guard()
    for (let i = 0; i < 2 * LIMIT; i++) expect(door.fail({ headers: {} }, 'page')).toBe('unauthorized')
    expect(door.fail()).toBe('unauthorized')
  })

  test('never stand in the way of the right key', () => {
    const door = guard()
    door.fails(2 * LIMIT)
    expect(door.passes()).toBeUndefined()
    expect(door.access.try(request(), KEY)).toBe(true)
    expect(door.fail()).toBe('too_many_attempts')
  })

  test('are forgiven after a minute, and a right key forgives none before', () => {
    const door = guard()
    door.fails(LIMIT)
    door.passes()
    door.wait(MINUTE_MS - 1)
    expect(door.fail()).toBe('too_many_attempts')
    door.wait(1)
    expect(door.fails(LIMIT)).toBe('unauthorized')
    expect(door.fail()).toBe('too_many_attempts')
  })

  test('are told how long to wait, in whole seconds that are never none', () => {
    const door = guard()
    door.fails(LIMIT)
    const retryAfter = () => {
      try {
        door.access.try(request(), 'wrong')
      } catch (error) {
        return (error as { retryAfterS?: number }).retryAfterS
      }
      return undefined
    }
    expect(retryAfter()).toBe(60)
    door.wait(30_500)
    expect(retryAfter()).toBe(30)
    door.wait(29_499)
    expect(retryAfter()).toBe(1)
  })
})

describe('an address', () => {
  test('does not pay for another', () => {
    const door = guard()
    door.fails(2 * LIMIT)
    for (const from of ['192.0.2.2', '::ffff:192.0.2.3', '2001:db8::1'])
      expect(door.fail({ from })).toBe('unauthorized')
  })

  test.each([
    ['2001:db8:1:2::1', '2001:db8:1:2::2'],
    ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2:ffff:ffff:ffff:ffff'],
    ['2001:db8::1', '2001:db8:0:0:1:2:3:4'],
    ['2001:db8::1:2:3:4', '2001:db8::'],
    ['::1', '::2'],
  ])('A20, A62: of IPv6 is its network of 64 bits: %s and %s are one', (one, other) => {
    const door = guard()
    door.fails(LIMIT, { from: one })
    expect(door.fail({ from: other })).toBe('too_many_attempts')
  })

  test.each([
    ['2001:db8:1:2::1', '2001:db8:1:3::1'],
    ['2001:db8::1', '2001:db8:0:1::1'],
    ['2001:db8:1::1', '2001:db8::1'],
    ['::1', '1::1'],
    ['::ffff:192.0.2.1', '::ffff:192.0.2.2'],
  ])('A62: of IPv6 is no more than that: %s and %s are two', (one, other) => {
    const door = guard()
    door.fails(2 * LIMIT, { from: one })
    expect(door.fail({ from: other })).toBe('unauthorized')
  })

  test('is remembered among ten thousand others, and the memory has an end', () => {
    const door = guard()
    const others = (count: number) => {
      for (let i = 0; i < count; i++) door.fail({ from: `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}` })
    }
    door.fails(LIMIT)
    others(9_999)
    expect(door.fail()).toBe('too_many_attempts')
    others(10_000)
    expect(door.fail()).toBe('unauthorized')
  })

  test('that is unknown, as on a socket that is gone, fails nothing', () => {
    const door = guard()
    expect(faultOf(() => door.access.try({ ...request(), socket: {} } as never, 'wrong'))).toBeUndefined()
  })
})
