import { createServer } from 'node:http'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { eventually } from '../rig/wait.ts'
import { answers, builtConsole, ended, openConsole, say, startBrowser, type World } from './browser.ts'

vi.setConfig({ testTimeout: 90_000 })

let browser: Browser
beforeAll(async () => {
  await builtConsole()
  browser = await startBrowser()
}, 120_000)
afterAll(() => browser.close())

const health = (world: World) => world.page.getByRole('status', { name: 'Connection' })

/** A page that has talked once and whose worker is at work, and then its gateway is gone. */
async function cutOff(world: World): Promise<void> {
  await say(world.page, 'hello?')
  await ended(world.page)
  await world.page.evaluate('navigator.serviceWorker.ready.then(() => 0)')
  await world.page.reload()
  await world.page.getByText('hello', { exact: true }).waitFor()
  await world.wire.cut()
}

describe('without a gateway', () => {
  test('a reload shows the conversation, from a page that has no key', async () => {
    await using world = await openConsole(browser)
    const { page } = world
    await cutOff(world)
    await page.reload()
    await page.getByText('hello', { exact: true }).waitFor()
    await health(world).getByText('gateway gone').waitFor()
    expect(await page.evaluate('window.GHOST_API_KEY')).toBeUndefined()
    expect(world.complaints).toEqual([])
  })

  test.each([
    ['a proxy that says 502', 502],
    ['a proxy that says 503', 503],
    ['a proxy that says 504', 504],
    ['silence', undefined],
  ])('is what the page calls %s, too', async (_, status) => {
    await using world = await openConsole(browser)
    const { page, wire } = world
    await cutOff(world)
    const proxy = createServer((_request, response) => {
      if (status !== undefined) response.writeHead(status).end('<h1>bad gateway</h1>')
    })
    await new Promise<void>((listening) =>
      proxy.listen(Number(new URL(wire.url).port), '127.0.0.1', listening),
    )
    try {
      await page.reload()
      await page.getByText('hello', { exact: true }).waitFor()
    } finally {
      proxy.closeAllConnections()
      await new Promise((closed) => proxy.close(closed))
    }
  })

  test('what is written is sent when it is back, once, and the page has its key again', async () => {
    await using world = await openConsole(browser)
    const { page, rig, wire } = world
    await cutOff(world)
    await page.reload()
    await page.getByText('hello', { exact: true }).waitFor()
    await say(page, 'are you back?')
    await page.getByText('waiting', { exact: true }).waitFor()
    await wire.mend()
    const key = () => page.evaluate('window.GHOST_API_KEY').catch(() => undefined)
    await eventually('the page that has the key', async () => (await key()) === rig.key, 30_000)
    await page.getByText('hello', { exact: true }).nth(1).waitFor()
    await ended(page)
    expect(await answers(page)).toEqual(['hello', 'hello'])
    expect(rig.agent.callsOf('POST /api/chat')).toHaveLength(2)
  })

  test('A98: its policy is as strict as that of the page', async () => {
    await using world = await openConsole(browser)
    const policyOf = async (path: string) => {
      const response = await world.rig.fetch(path)
      return [response.status, response.headers.get('content-security-policy')?.replace(/ 'nonce-[^']*'/, '')]
    }
    const [status, policy] = await policyOf('/offline.html')
    expect(status).toBe(200)
    expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval';")
    expect(policy).toBe((await policyOf('/'))[1])
  })
})

test('whoever signs out meets the door, and the key opens it again', async () => {
  await using world = await openConsole(browser)
  const { page, rig } = world
  await page.getByRole('button', { name: 'Settings' }).click()
  await page.getByRole('dialog', { name: 'Settings' }).getByRole('button', { name: 'Sign out' }).click()
  await page.getByText('This console is locked.').waitFor()
  expect(await world.context.cookies()).toEqual([])
  await page.getByLabel('key').fill(rig.key)
  await page.getByRole('button', { name: 'open' }).click()
  await page.getByRole('textbox', { name: 'Message' }).waitFor()
})
