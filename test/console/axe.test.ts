import { appendFile } from 'node:fs/promises'
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { DONE, delta, sse, stop } from '../rig/answers.ts'
import { gate } from '../rig/wait.ts'
import { builtConsole, ended, openConsole, say, startBrowser } from './browser.ts'

// A browser on a busy machine takes its time; what a test waits for has limits of its own.
vi.setConfig({ testTimeout: 90_000 })

let browser: Browser
beforeAll(async () => {
  await builtConsole()
  browser = await startBrowser()
}, 120_000)
afterAll(() => browser.close())

const SCREENS = [
  ['a desktop', {}],
  ['a phone', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }],
] as const

const TEXT = `# Title

words with \`code\` and [a link](https://example.com)

\`\`\`ts
const a = 1
\`\`\`

| a | b |
|---|---|
| 1 | 2 |

> quote

![x](http://evil.example/x.png)`

async function violations(page: Page) {
  const { violations } = await new AxeBuilder({ page }).analyze()
  return violations.map(({ id, nodes }) => ({ id, where: nodes.map((node) => node.html.slice(0, 120)) }))
}

describe.each(SCREENS)('axe finds nothing on %s', (_, context) => {
  test('before the first word', async () => {
    await using world = await openConsole(browser, { context })
    expect(await violations(world.page)).toEqual([])
  })

  test('in a conversation of whole, failed and running answers', async () => {
    await using world = await openConsole(browser, { context })
    const { page, rig } = world
    rig.agent.play(
      'POST /api/chat',
      sse(delta(`<think>hm</think>${TEXT}`), stop(), DONE),
      sse(delta('half'), 'event: error\ndata: {"error":{"message":"it broke","type":"UpstreamError"}}\n\n'),
      sse(delta('half'), gate()),
    )
    await say(page, 'one')
    await ended(page)
    await say(page, 'two')
    await page.getByText('failed: it broke').waitFor()
    await say(page, 'three')
    await page.getByText('writing', { exact: true }).waitFor()
    expect(await violations(page)).toEqual([])
  })

  test('with commands, what waits, and all that opens over the page', async () => {
    await using world = await openConsole(browser, { context })
    const { page, rig } = world
    rig.agent.play('POST /api/chat', sse(delta('half'), gate()))
    await say(page, 'one')
    await page.getByText('half', { exact: true }).waitFor()
    await say(page, 'two')
    await page.getByRole('region', { name: 'Queue' }).waitFor()
    await page.getByRole('textbox', { name: 'Message' }).fill('/')
    await page.getByRole('listbox').waitFor()
    expect(await violations(page)).toEqual([])
    await page.getByRole('textbox', { name: 'Message' }).fill('')
    for (const [key, name] of [
      ['?', 'Commands and keys'],
      ['Control+k', 'Commands'],
    ] as const) {
      await page.getByRole('main').focus()
      await page.keyboard.press(key)
      const dialog = page.getByRole('dialog', { name, exact: true })
      await dialog.waitFor()
      expect([name, await violations(page)]).toEqual([name, []])
      await page.keyboard.press('Escape')
      await dialog.waitFor({ state: 'detached' })
    }
    await page.getByRole('button', { name: 'Settings' }).click()
    await page.getByRole('dialog', { name: 'Settings' }).waitFor()
    expect(await violations(page)).toEqual([])
  })

  test('with the log open, and without a gateway', async () => {
    await using world = await openConsole(browser, { context })
    const { page, rig, wire } = world
    await appendFile(rig.agentLog, 'a line\nan ERROR\n')
    await page.getByRole('button', { name: 'Agent log' }).click()
    await page.getByText('an ERROR').waitFor()
    await wire.cut()
    await page.getByText('gateway gone').waitFor()
    expect(await violations(page)).toEqual([])
  })
})
