import { expect, test } from 'vitest'
import { KEY, startRig } from '../rig/rig.ts'

const PREVIEW =
  "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; form-action 'none'; base-uri 'none'; frame-ancestors 'self'; sandbox allow-scripts"

test('A94: the page for untrusted artefacts has its own policy, word for word', async () => {
  await using rig = await startRig()
  const response = await rig.stranger('/preview')
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toMatch(/^text\/html/)
  expect(response.headers.get('content-security-policy')).toBe(PREVIEW)
  expect(response.headers.get('connection-allowlist')).toBe('()')
  expect(response.headers.get('x-content-type-options')).toBe('nosniff')
  const html = await response.text()
  expect(html).not.toContain(KEY)
  expect(html).toContain('message')
})

test('A99: the service worker is asked for anew each time, and needs no key', async () => {
  await using rig = await startRig()
  const response = await rig.stranger('/sw.js')
  expect(response.status).toBe(200)
  expect(response.headers.get('cache-control')).toBe('no-cache')
  expect(response.headers.get('content-type')).toMatch(/^(text|application)\/javascript/)
  expect(await response.text()).not.toContain(KEY)
})

test('A13, A15: the manifest and its icons need no key and hold none', async () => {
  await using rig = await startRig()
  const response = await rig.stranger('/manifest.webmanifest')
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toMatch(/^application\/(manifest\+)?json/)
  const text = await response.text()
  expect(text).not.toContain(KEY)
  expect(text).not.toContain('key=')
  const { icons, start_url } = JSON.parse(text) as { icons: { src: string }[]; start_url: string }
  expect(new URL(start_url, rig.url).origin).toBe(rig.url)
  expect(icons.length).toBeGreaterThan(0)
  for (const { src } of icons) {
    const icon = await rig.stranger(new URL(src, `${rig.url}/`).pathname)
    expect(icon.status).toBe(200)
    expect(icon.headers.get('content-type')).toMatch(/^image\//)
  }
})

test('A13: everything that the page loads is public, of this host, and without the key', async () => {
  await using rig = await startRig()
  const html = await (await rig.stranger(`/?key=${KEY}`)).text()
  const sources = [...html.matchAll(/\b(?:src|href)="([^"]+)"/g)].map(([, source = '']) => source)
  for (const source of sources.filter((it) => !it.startsWith('data:') && !it.startsWith('#'))) {
    const { origin, pathname } = new URL(source, `${rig.url}/`)
    expect(origin).toBe(rig.url)
    const response = await rig.stranger(pathname)
    expect([pathname, response.status]).toEqual([pathname, 200])
    expect(response.headers.get('x-content-type-options')).toBe('nosniff')
    expect(await response.text()).not.toContain(KEY)
  }
})
