import { expect, test } from 'vitest'
import { KEY, startRig } from '../rig/rig.ts'

const PAGES = [
  '/',
  `/?key=${KEY}`,
  '/preview',
  '/healthz',
  '/readyz',
  '/docs',
  '/sw.js',
  '/manifest.webmanifest',
  '/nope',
]

/** What differs from one answer to the next by its nature, and what the client here asks of the connection. */
const FRESH = ['date', 'content-security-policy', 'set-cookie', 'content-length']
const CONNECTION = ['connection', 'keep-alive']

test.each(PAGES)('a HEAD of %s has the status and the headers of the GET, and no body', async (path) => {
  await using rig = await startRig()
  const get = await rig.stranger(path)
  await get.text()
  const head = await rig.stranger(path, { method: 'HEAD' })
  expect(head.status).toBe(get.status)
  expect(await head.text()).toBe('')
  for (const [name, value] of get.headers) {
    if (CONNECTION.includes(name)) continue
    if (!FRESH.includes(name)) expect([name, head.headers.get(name)]).toEqual([name, value])
    else expect([name, head.headers.has(name)]).toEqual([name, true])
  }
})
