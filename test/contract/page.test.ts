import { runInNewContext } from 'node:vm'
import type { Response } from 'undici'
import { expect, test } from 'vitest'
import { KEY, type Rig, startRig } from '../rig/rig.ts'

const open = (rig: Rig, key = KEY) => rig.stranger(`/?key=${encodeURIComponent(key)}`)
const cookieOf = (response: Response) => {
  const [cookie = ''] = response.headers.getSetCookie()
  return { line: cookie, pair: cookie.split(';', 1)[0] ?? '' }
}
const csp = (response: Response) =>
  new Map(
    (response.headers.get('content-security-policy') ?? '')
      .split(';')
      .map((directive) => directive.trim().split(/\s+/))
      .map(([name = '', ...items]) => [name, items] as const),
  )
const scripts = (html: string) =>
  [...html.matchAll(/<script\b([^>]*)>([\s\S]*?)<\/script>/gi)].map(([, attributes = '', code = '']) => ({
    attributes,
    code,
  }))

/** What the page's own inline scripts leave behind in `window`. */
const globals = (html: string): Record<string, unknown> => {
  const window: Record<string, unknown> = {}
  for (const { attributes, code } of scripts(html))
    if (/\bnonce=/.test(attributes) && code.includes('GHOST_API_KEY'))
      runInNewContext(code, {
        window,
        location: new URL('http://a/?key=x'),
        history: { replaceState() {} },
        URL,
      })
  return window
}

test('without the key the page says how to pass it and has a form for it', async () => {
  await using rig = await startRig()
  for (const path of ['/', '/?key=', '/?key=wrong', `/?key=${KEY}x`, `/?KEY=${KEY}`, '/?key=a&key=b']) {
    const response = await rig.stranger(path)
    const html = await response.text()
    expect([path, response.status]).toEqual([path, 401])
    expect(response.headers.get('content-type')).toMatch(/^text\/html/)
    expect(response.headers.get('cache-control')).toContain('no-store')
    expect(html).toMatch(/<form\b/i)
    expect(html).toMatch(/name=["']?key\b/i)
    expect(html).toContain('?key=')
    expect(html).not.toContain(KEY)
    expect(response.headers.getSetCookie()).toEqual([])
  }
})

test('with the key the page has it in a script of its own nonce, new each time', async () => {
  await using rig = await startRig()
  const [one, two] = [await open(rig), await open(rig)]
  const html = await one.text()
  expect(one.status).toBe(200)
  expect(one.headers.get('content-type')).toMatch(/^text\/html/)
  expect(globals(html).GHOST_API_KEY).toBe(KEY)
  const nonces = csp(one)
    .get('script-src')
    ?.filter((item) => item.startsWith("'nonce-"))
  expect(nonces).toHaveLength(1)
  const nonce = nonces?.[0]?.slice(7, -1) ?? ''
  expect(Buffer.from(nonce, 'base64').length).toBeGreaterThanOrEqual(16)
  for (const { attributes, code } of scripts(html))
    if (code.trim()) expect(attributes).toContain(`nonce="${nonce}"`)
  expect(csp(two).get('script-src')).not.toContain(`'nonce-${nonce}'`)
  expect(html).not.toMatch(/\son[a-z]+\s*=/i)
})

test.each(['</script><script>alert(1)</script>', '"+alert(1)+"', "'\\u0027<!--", '$& $1 $<a> $` %20+&=#'])(
  'a key of %s is a string in the page and nothing else',
  async (key) => {
    await using rig = await startRig({ env: { GHOST_API_KEY: key } })
    const response = await open(rig, key)
    expect(response.status).toBe(200)
    const html = await response.text()
    expect(globals(html).GHOST_API_KEY).toBe(key)
    expect(html).not.toContain('<script>alert')
  },
)

test('A14, A42, A98: the page may load from its own host only, and run no script but its own', async () => {
  await using rig = await startRig()
  const response = await open(rig)
  const policy = csp(response)
  expect(policy.get('img-src')).toEqual(["'self'", 'data:', 'blob:'])
  expect(policy.get('connect-src')).toEqual(["'self'"])
  expect(policy.get('frame-src')).toEqual(["'self'"])
  expect(policy.get('object-src')).toEqual(["'none'"])
  expect(policy.get('base-uri')).toEqual(["'none'"])
  expect(policy.get('frame-ancestors')).toEqual(["'none'"])
  expect(policy.has('default-src')).toBe(true)
  const script = policy.get('script-src') ?? []
  for (const loose of ["'unsafe-inline'", "'unsafe-eval'", 'data:', 'blob:'])
    expect(script).not.toContain(loose)
  expect(script.filter((item) => !item.startsWith("'nonce-"))).toEqual(["'self'", "'wasm-unsafe-eval'"])
  for (const items of policy.values())
    for (const item of items) expect(item).toMatch(/^('[^']+'|data:|blob:|script|allow-[a-z-]+)$/)
  expect(response.headers.get('referrer-policy')).toBe('no-referrer')
  expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  expect(await response.text()).not.toMatch(/(src|href)=["']?(https?:)?\/\//i)
})

test('A13: the page with the key is never stored', async () => {
  await using rig = await startRig()
  expect((await open(rig)).headers.get('cache-control')).toContain('no-store')
})

test('A11: the key in the address is traded for a cookie that opens the page from then on', async () => {
  await using rig = await startRig()
  const first = await open(rig)
  const { line, pair } = cookieOf(first)
  expect(line).toMatch(/;\s*HttpOnly/i)
  expect(line).toMatch(/;\s*SameSite=Strict/i)
  expect(line).not.toMatch(/;\s*Secure/i)
  const again = await rig.stranger('/', { headers: { cookie: `other=1; ${pair}` } })
  expect(again.status).toBe(200)
  expect(globals(await again.text()).GHOST_API_KEY).toBe(KEY)
  expect(again.headers.get('cache-control')).toContain('no-store')
})

test('the cookie is for TLS only when the page came over TLS', async () => {
  await using rig = await startRig()
  const response = await rig.stranger(`/?key=${KEY}`, { headers: { 'x-forwarded-proto': 'https' } })
  expect(cookieOf(response).line).toMatch(/;\s*Secure/i)
})

test('A13: the cookie does not hold the key in any writing', async () => {
  await using rig = await startRig()
  const { pair } = cookieOf(await open(rig))
  const value = decodeURIComponent(pair.slice(pair.indexOf('=') + 1))
  expect(value.length).toBeGreaterThanOrEqual(16)
  for (const encoding of ['utf8', 'base64', 'base64url', 'hex'] as const) {
    expect(value).not.toContain(Buffer.from(KEY).toString(encoding).replaceAll('=', ''))
    expect(Buffer.from(value, encoding).toString('latin1')).not.toContain(KEY)
  }
})

test('A18, A21: a cookie that the gateway did not make opens nothing', async () => {
  await using rig = await startRig()
  await using other = await startRig({ env: { GHOST_API_KEY: 'another-key' } })
  const { pair } = cookieOf(await open(rig))
  const name = pair.slice(0, pair.indexOf('='))
  const foreign = cookieOf(await open(other, 'another-key')).pair
  for (const cookie of [`${name}=`, `${name}=${KEY}`, `${pair}x`, pair.slice(0, -1), `${name}=é`, foreign])
    expect(
      (await rig.stranger('/', { headers: { cookie: Buffer.from(cookie).toString('latin1') } })).status,
    ).toBe(401)
})

test('A19: the cookie never opens anything below /api', async () => {
  await using rig = await startRig()
  const { pair } = cookieOf(await open(rig))
  for (const [method, path] of [
    ['GET', '/api/chat/tasks'],
    ['GET', '/api/download/a.txt'],
    ['POST', '/api/chat'],
    ['GET', '/api/openapi.json'],
  ] as const) {
    const response = await rig.stranger(path, { method, headers: { cookie: pair, origin: rig.url } })
    expect(response.status).toBe(401)
  }
  expect(rig.agent.calls).toEqual([])
})

test('the form takes the key and opens the page', async () => {
  await using rig = await startRig()
  const html = await (await rig.stranger('/')).text()
  const [form = ''] = /<form\b[^>]*>/i.exec(html) ?? []
  const method = /method=["']?(\w+)/i.exec(form)?.[1]?.toUpperCase() ?? 'GET'
  const action = /action=["']?([^"'\s>]+)/i.exec(form)?.[1] ?? '/'
  const submit = (key: string) => {
    const fields = new URLSearchParams({ key }).toString()
    if (method === 'GET') return rig.stranger(`${action}?${fields}`)
    const headers = { 'content-type': 'application/x-www-form-urlencoded' }
    return rig.stranger(action, { method, headers, body: fields })
  }
  expect((await submit('wrong')).status).toBe(401)
  const response = await submit(KEY)
  expect([200, 302, 303]).toContain(response.status)
  expect(response.headers.get('location') ?? '').not.toContain(KEY)
  const cookie = cookieOf(response).pair
  expect((await rig.stranger('/', { headers: { cookie } })).status).toBe(200)
})
