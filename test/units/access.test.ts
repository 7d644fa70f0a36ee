import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { Access, type Door } from '../../src/gateway/access.ts'
import { anyText } from '../chat/text.ts'
import { type Asked, faultOf, request } from './request.ts'

const KEY = 'a-key with "signs" & more'
const DOORS: readonly Door[] = ['key', 'page', 'socket']
const WRONG = [
  '',
  ' ',
  'a',
  KEY.slice(1),
  `${KEY} `,
  KEY.toUpperCase(),
  `${KEY}, ${KEY}`,
  `${KEY},`,
  'ключ',
  '😀',
  '\0',
  'x'.repeat(1e5),
]

const knock = (access: Access, door: Door, asked: Asked = {}) =>
  faultOf(() => access.admit(request(asked), door))
const withKey = (key: string, rest: Asked = {}): Asked => ({
  ...rest,
  headers: { ...rest.headers, 'x-ghost-key': key },
})
const inUrl = (key: string, rest: Asked = {}): Asked => ({ ...rest, url: `/?key=${encodeURIComponent(key)}` })

describe('the key', () => {
  test('opens every door in its header', () => {
    for (const door of DOORS) expect(knock(new Access(KEY), door, withKey(KEY))).toBeUndefined()
  })

  test('A9: opens the page and the socket in the URL, but never the API', () => {
    expect(knock(new Access(KEY), 'page', inUrl(KEY))).toBeUndefined()
    expect(knock(new Access(KEY), 'socket', inUrl(KEY))).toBeUndefined()
    expect(knock(new Access(KEY), 'key', inUrl(KEY))).toBe('unauthorized')
  })

  test('is missing: no door opens', () => {
    for (const door of DOORS) {
      expect(knock(new Access(KEY), door)).toBe('unauthorized')
      expect(knock(new Access(KEY), door, { url: '/?key=' })).toBe('unauthorized')
      expect(knock(new Access(KEY), door, { url: '/?other=x' })).toBe('unauthorized')
    }
  })

  test.each(WRONG.map((text) => [text.slice(0, 40), text]))('is not %j', (_, text) => {
    const access = new Access(KEY)
    expect(access.try(request(), text)).toBe(false)
    for (const door of DOORS) {
      expect(knock(access, door, withKey(text))).toBe('unauthorized')
      expect(knock(access, door, inUrl(text))).toBe('unauthorized')
    }
  })

  test('is compared with any text without a failure, and is equal to itself only', () => {
    const text = fc.oneof(anyText(), fc.string({ maxLength: 5 }))
    fc.assert(
      fc.property(text, text, (key, given) => {
        const access = new Access(key)
        expect(access.try(request(), given)).toBe(given === key)
        expect(access.try(request(), key)).toBe(true)
      }),
      { numRuns: 150 },
    )
  })

  test('A4: sent twice is no key, in the header as in the URL', () => {
    // This is how Node gives a header that came twice.
    for (const door of DOORS)
      expect(knock(new Access(KEY), door, withKey(`${KEY}, ${KEY}`))).toBe('unauthorized')
    const twice = `/?key=${encodeURIComponent(KEY)}&key=${encodeURIComponent(KEY)}`
    expect(knock(new Access(KEY), 'page', { url: twice })).toBe('unauthorized')
  })
})

describe('the cookie of the page', () => {
  const NOW = 1_800_000_000_000
  const DAY_MS = 86_400_000
  const cookieOf = (access: Access, asked: Asked = {}) => access.cookie(request(asked))
  const carrying = (cookie: string): Asked => ({ headers: { cookie: cookie.split(';')[0] ?? '' } })

  test('opens the page and the socket, never the API', () => {
    const access = new Access(KEY, () => NOW)
    const cookie = carrying(cookieOf(access))
    expect(knock(access, 'page', cookie)).toBeUndefined()
    expect(knock(access, 'socket', cookie)).toBeUndefined()
    expect(knock(access, 'key', cookie)).toBe('unauthorized')
  })

  test('is found among others', () => {
    const access = new Access(KEY, () => NOW)
    const [pair] = cookieOf(access).split(';')
    expect(knock(access, 'page', { headers: { cookie: `a=1; ${pair}; b=2` } })).toBeUndefined()
    expect(knock(access, 'page', { headers: { cookie: `x${pair}` } })).toBe('unauthorized')
  })

  test('does not hold the key, and is out of reach of scripts and of other sites', () => {
    const cookie = cookieOf(new Access(KEY, () => NOW))
    for (const form of [KEY, encodeURIComponent(KEY), Buffer.from(KEY).toString('base64url')])
      expect(cookie).not.toContain(form)
    expect(cookie).toMatch(/; HttpOnly(;|$)/)
    expect(cookie).toMatch(/; SameSite=Strict(;|$)/)
    expect(cookie).toMatch(/; Path=\/(;|$)/)
    expect(cookie).not.toMatch(/; Domain=/)
  })

  test('is secure over TLS, also behind a proxy that ends it', () => {
    const access = new Access(KEY, () => NOW)
    expect(cookieOf(access)).not.toContain('Secure')
    expect(cookieOf(access, { tls: true })).toContain('; Secure')
    expect(cookieOf(access, { headers: { 'x-forwarded-proto': 'https' } })).toContain('; Secure')
  })

  test('A18: lasts as long as it says and no longer', () => {
    let now = NOW
    const access = new Access(KEY, () => now)
    const cookie = cookieOf(access)
    const lifeMs = 1000 * Number(/Max-Age=(\d+)/.exec(cookie)?.[1])
    expect(lifeMs).toBeGreaterThanOrEqual(DAY_MS)
    now = NOW + lifeMs
    expect(knock(access, 'page', carrying(cookie))).toBeUndefined()
    now = NOW + lifeMs + 1000
    expect(knock(access, 'page', carrying(cookie))).toBe('unauthorized')
    expect(knock(access, 'socket', carrying(cookie))).toBe('unauthorized')
  })

  test('A21: of another key opens nothing', () => {
    const cookie = cookieOf(new Access('another', () => NOW))
    expect(knock(new Access(KEY, () => NOW), 'page', carrying(cookie))).toBe('unauthorized')
  })

  test('A18: that was forged opens nothing and fails nothing', () => {
    const access = new Access(KEY, () => NOW)
    const pair = cookieOf(access).split(';')[0] ?? ''
    const [expires = '', mark = ''] = pair.replace('ghost_page=', '').split('.')
    const later = `${Number(expires) + 1}`
    const forged = [
      `${later}.${mark}`,
      `${expires}.`,
      `.${mark}`,
      `${expires}.${mark}x`,
      `${expires}.${mark.slice(1)}`,
      `0${expires}.${mark}x`,
    ]
    for (const value of [
      ...forged,
      `${expires}.${'A'.repeat(43)}`,
      `9${expires}.${mark}`,
      '',
      'x',
      `${expires}.${'ü'.repeat(43)}`,
    ])
      expect(knock(access, 'page', { headers: { cookie: `ghost_page=${value}` } })).toBe('unauthorized')
    fc.assert(
      fc.property(anyText(), (cookie) => {
        expect(knock(access, 'page', { headers: { cookie } })).toBe('unauthorized')
      }),
    )
  })

  test('A22: does not stand in for a wrong key', () => {
    const access = new Access(KEY, () => NOW)
    const cookie = carrying(cookieOf(access))
    expect(knock(access, 'page', withKey('wrong', cookie))).toBe('unauthorized')
    expect(knock(access, 'socket', inUrl('wrong', cookie))).toBe('unauthorized')
  })
})

describe('a page of another origin', () => {
  const access = () => new Access(KEY, () => 0)
  const from = (origin: string, host = 'Ghost.example:8080') => ({ headers: { host, origin } })

  test.each([
    'http://evil.example',
    'http://ghost.example',
    'http://ghost.example:8081',
    'null',
    '',
    'nonsense',
    'file://',
  ])('A24: opens no socket with a cookie: %j', (origin) => {
    const guard = access()
    const cookie = guard.cookie(request()).split(';')[0] ?? ''
    const asked = { headers: { ...from(origin).headers, cookie } }
    expect(knock(guard, 'socket', asked)).toBe('origin_refused')
    expect(knock(guard, 'socket', from(origin))).toBe('origin_refused')
  })

  test('opens a socket with the key itself', () => {
    expect(knock(access(), 'socket', withKey(KEY, from('http://evil.example')))).toBeUndefined()
    expect(
      knock(access(), 'socket', { ...from('http://evil.example'), ...{ url: inUrl(KEY).url ?? '' } }),
    ).toBeUndefined()
  })

  test('is not this one, whatever its scheme and its letters', () => {
    const guard = access()
    const cookie = guard.cookie(request()).split(';')[0] ?? ''
    for (const origin of [
      'http://ghost.example:8080',
      'https://ghost.example:8080',
      'http://GHOST.example:8080',
    ])
      expect(knock(guard, 'socket', { headers: { ...from(origin).headers, cookie } })).toBeUndefined()
  })

  test('is refused by the other doors for its missing key, and for nothing else', () => {
    for (const door of ['key', 'page'] as const) {
      expect(knock(access(), door, from('http://evil.example'))).toBe('unauthorized')
      expect(knock(access(), door, withKey(KEY, from('http://evil.example')))).toBeUndefined()
    }
  })
})
