import { expect, test } from 'vitest'
import { PRETENCES } from './doors.ts'
import { codeOf, KEY, type Place, request, type Siege, surface, WITH_KEY } from './place.ts'

const places = await surface()
const guarded = places.filter(({ door }) => door !== 'open')
const api = places.filter(({ target }) => target.startsWith('/api/'))
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND', 'LINK']
/** All that may be had without the key. A new one has to be written down here by somebody who knows why. */
const OPEN = ['GET /', 'GET /a.txt', 'GET /healthz', 'GET /preview', 'GET /readyz', 'HEAD /', 'HEAD /a.txt']
const OPEN_TOO = ['HEAD /healthz', 'HEAD /preview', 'HEAD /readyz', 'POST /', 'POST /leave']

/** The cookie that a page gets from this gateway. */
export async function pageCookie(siege: Siege): Promise<string> {
  const answer = await siege.say(request('GET', `/?key=${encodeURIComponent(KEY)}`))
  return answer.header('set-cookie')?.split(';', 1)[0] ?? ''
}

export function tryDoors(at: () => Siege): void {
  test('A1: what is open is written down, and everything below /api/ asks for the key itself', () => {
    const open = places.filter(({ door }) => door === 'open')
    expect(open.map(({ method, target }) => `${method} ${target}`).sort()).toEqual([...OPEN, ...OPEN_TOO])
    expect(api.length).toBeGreaterThan(12)
    expect(api.filter(({ door }) => door !== 'key')).toEqual([])
  })

  test.each(PRETENCES)('%s opens no guarded route', async (_, how) => {
    const { headers = [], query, body = '', malformed, opensPage } = how
    const asked = at().agent.calls.length
    const told = new Set<string>()
    for (const { method, target, door } of guarded) {
      if (opensPage && door === 'page') continue
      const length = body ? [`Content-Length: ${body.length}`] : []
      const to = query ? `${target}?${query}` : target
      const answer = await at().say(request(method, to, [...headers, ...length], body))
      const place = `${method} ${target}`
      if (malformed) expect([place, answer.status]).toEqual([place, 400])
      else {
        expect([place, answer.status]).toEqual([place, 401])
        if (method !== 'HEAD') expect([place, codeOf(answer)]).toEqual([place, 'unauthorized'])
      }
      expect(answer.header('set-cookie')).toBeUndefined()
      expect(answer.header('x-content-type-options')).toBe('nosniff')
      if (method !== 'HEAD') told.add(String(answer.body))
    }
    expect(told.size).toBe(1)
    expect(at().agent.calls.length).toBe(asked)
  })

  test('A1: every method of every path below /api/ asks for the key first, the known in the same words as the unknown', async () => {
    const paths = [...new Set(api.map(({ target }) => target)), '/api/nope', '/api/', '/api/chat/', '/api/ws']
    const told = new Set<string>()
    for (const target of paths)
      for (const method of METHODS) {
        const answer = await at().say(request(method, target))
        expect([method, target, answer.status]).toEqual([method, target, 401])
        if (method !== 'HEAD') told.add(String(answer.body))
      }
    expect([...told]).toEqual([expect.stringContaining('"code":"unauthorized"')])
  })

  test('A12: the locked page has no script, and no key in it', async () => {
    for (const target of ['/', '/?key=wrong', '/?key=', `/?key=${encodeURIComponent(KEY)}&key=x`]) {
      const answer = await at().say(request('GET', target))
      expect([target, answer.status]).toEqual([target, 401])
      expect(String(answer.body)).not.toMatch(/<script|\son\w+=|javascript:/i)
      expect(String(answer.body)).not.toContain(KEY)
    }
  })

  test('A18, A21: no cookie that was guessed opens anything', async () => {
    const real = await pageCookie(at())
    const [, expires = '', mark = ''] = /^ghost_page=(\d+)\.(.+)$/.exec(real) ?? []
    expect(mark.length).toBeGreaterThanOrEqual(43)
    for (const cookie of [
      'ghost_page=',
      'ghost_page=1',
      `ghost_page=${expires}`,
      `ghost_page=${expires}.`,
      `ghost_page=${expires}.${'A'.repeat(mark.length)}`,
      `ghost_page=${Number(expires) + 1}.${mark}`,
      `ghost_page=9999999999999.${mark}`,
      `ghost_page=${expires}.${mark.slice(0, -1)}`,
      `ghost_page=${expires}.${mark}A`,
      `ghost_page="${expires}.${mark}"`,
      `Ghost_Page=${expires}.${mark}`,
    ])
      for (const target of ['/', '/docs']) {
        const { status } = await at().say(request('GET', target, [`Cookie: ${cookie}`]))
        expect([cookie, target, status]).toEqual([cookie, target, 401])
      }
  })

  test('A19, A41: with the cookie of the page another site can start nothing and include nothing', async () => {
    const cookie = `Cookie: ${await pageCookie(at())}`
    const asked = at().agent.calls.length
    const from = ['Origin: https://evil.example', 'Sec-Fetch-Site: cross-site', 'Content-Type: text/plain']
    for (const { method, target } of api) {
      const answer = await at().say(
        request(method, target, [cookie, ...from, 'Content-Length: 15'], '{"messages":[]}'),
      )
      expect([target, answer.status]).toEqual([target, 401])
      expect(answer.header('content-type')).toMatch(/^application\/json/)
      expect(answer.header('x-content-type-options')).toBe('nosniff')
      expect(answer.header('access-control-allow-credentials')).toBeUndefined()
    }
    const leave = await at().say(request('POST', '/leave', [cookie, ...from]))
    expect([leave.status, leave.header('set-cookie')]).toEqual([403, undefined])
    expect(at().agent.calls.length).toBe(asked)
  })

  test('A39: under a name that somebody else chose there is no key and nothing to be had', async () => {
    const named = (method: string, target: string, ...headers: string[]) =>
      request(method, target, headers).replace('Host: gateway', 'Host: evil.example')
    for (const { method, target } of guarded) {
      const answer = await at().say(named(method, target, 'Origin: http://evil.example'))
      expect([target, answer.status]).toEqual([target, 401])
    }
    const page = await at().say(named('GET', '/'))
    expect([page.status, String(page.body).includes(KEY)]).toEqual([401, false])
  })

  test('A47: nothing that the key opens may be stored', async () => {
    const cookie = await pageCookie(at())
    for (const { method, target, door } of guarded as Place[]) {
      if (method === 'POST') continue
      const answer = await at().say(
        request(method, target, [WITH_KEY, ...(door === 'page' ? [`Cookie: ${cookie}`] : [])]),
      )
      expect([target, answer.header('cache-control')]).toEqual([target, 'no-store'])
    }
  })
}
