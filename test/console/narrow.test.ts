import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { builtConsole, ended, openConsole, say, startBrowser } from './browser.ts'

vi.setConfig({ testTimeout: 90_000 })

let browser: Browser
beforeAll(async () => {
  await builtConsole()
  browser = await startBrowser()
}, 120_000)
afterAll(() => browser.close())

test('on a phone everything at the top can be touched, also while the gateway is gone', async () => {
  await using world = await openConsole(browser, { context: { viewport: { width: 360, height: 740 } } })
  const { page, wire } = world
  await wire.cut()
  await page.getByRole('status', { name: 'Connection' }).getByText('gateway gone').waitFor()
  const boxes = await Promise.all(
    ['Conversations', 'New conversation', 'Save workspace', 'Load workspace', 'Agent log', 'Settings'].map(
      (name) => page.getByRole('button', { name, exact: true }).boundingBox(),
    ),
  )
  for (const box of boxes) {
    expect(box?.width).toBeGreaterThanOrEqual(44)
    expect(box?.x).toBeGreaterThanOrEqual(0)
    expect((box?.x ?? 0) + (box?.width ?? 0)).toBeLessThanOrEqual(360)
  }
})

test('on a phone what is wrong with the connection hides no word', async () => {
  await using world = await openConsole(browser, { context: { viewport: { width: 390, height: 844 } } })
  const { page, wire } = world
  await say(page, 'first words')
  await ended(page)
  await wire.cut()
  await page.getByText('the gateway does not answer').waitFor()
  const remedy = await page.locator('.remedy').boundingBox()
  const first = await page.getByRole('article', { name: 'You' }).boundingBox()
  expect(first?.y).toBeGreaterThanOrEqual((remedy?.y ?? 0) + (remedy?.height ?? Number.POSITIVE_INFINITY))
})
