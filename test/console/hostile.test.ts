import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { eventually } from '../rig/wait.ts'
import { drawn, reaching, TOUCHES } from './attacks.ts'
import { answerWith, builtConsole, openConsole, startBrowser } from './browser.ts'
import { type Stranger, startStranger } from './stranger.ts'

// A browser on a busy machine takes its time; what a test waits for has limits of its own.
vi.setConfig({ testTimeout: 120_000 })

let browser: Browser
let stranger: Stranger
beforeAll(async () => {
  await builtConsole()
  browser = await startBrowser()
  stranger = await startStranger()
}, 120_000)
afterAll(async () => {
  await browser.close()
  await stranger[Symbol.asyncDispose]()
})

const fenced = (language: string, text: string) => `\`\`\`${language}\n${text}\n\`\`\``

/** Remembers what any frame tells the page. */
const listen = (page: Page) =>
  page.evaluate(`{
    window.told = []
    addEventListener('message', (event) => window.told.push(event.data))
  }`)
const told = (page: Page) => page.evaluate('window.told') as Promise<unknown[]>

/** A frame says so itself when it has had its time; one that was led away says nothing more. */
const LATE = `<script>setTimeout(() => parent.postMessage('had its time', '*'), 250)</script>`

describe('a page in the frame reaches no other server', () => {
  test('A92: whatever it tries', async () => {
    await using world = await openConsole(browser)
    const { page, context, wire } = world
    await listen(page)
    stranger.forget()
    await fetch(stranger.url)
    expect(stranger.visits).toEqual(['connection', 'GET /'])
    for (const [name, html] of reaching(stranger.url)) {
      await page.evaluate('window.told.length = 0')
      stranger.forget()
      await answerWith(world, fenced('html', `<body>${LATE}${html}`))
      await eventually(`${name} was tried`, async () => {
        const wasLedAway = page.frames().some((frame) => frame.url().startsWith('chrome-error:'))
        return wasLedAway || (await told(page)).includes('had its time')
      })
      expect([name, stranger.visits]).toEqual([name, []])
      expect([name, page.url(), context.pages().length]).toEqual([name, `${wire.url}/`, 1])
      await page.getByRole('button', { name: 'New conversation' }).click()
      await page.locator('iframe').waitFor({ state: 'detached' })
    }
  })
})

describe('a page in the frame', () => {
  test('A91: touches nothing of the page around it, and does not learn where it is', async () => {
    await using world = await openConsole(browser)
    const { page, context, rig, wire } = world
    await listen(page)
    const tries = Object.entries(TOUCHES).map(
      ([name, code]) => `try { await (${code}); got.push(${JSON.stringify(name)}) } catch {}`,
    )
    await answerWith(
      world,
      fenced(
        'html',
        `<script>(async () => { const got = []; ${tries.join('\n')}
        parent.postMessage({ got, knows: [document.baseURI, document.referrer, document.URL,
          ...(location.ancestorOrigins ?? [])].join(' '), origin }, '*') })()</script>`,
      ),
    )
    await page.getByRole('button', { name: 'Send' }).waitFor()
    const said = await eventually('it has tried', async () =>
      (await told(page)).find((it) => typeof it === 'object' && it !== null && 'got' in it),
    )
    expect(said).toMatchObject({ got: [], origin: 'null' })
    expect(JSON.stringify(said)).not.toContain(rig.key)
    expect([page.url(), context.pages().length]).toEqual([`${wire.url}/`, 1])
    expect(await page.evaluate('window.hacked')).toBeUndefined()
  })

  test('A93: is not listened to, whatever it says and however often', async () => {
    await using world = await openConsole(browser)
    const { page } = world
    await listen(page)
    await answerWith(
      world,
      fenced(
        'html',
        `<script>
        const say = (it) => parent.postMessage(it, '*')
        for (let at = 0; at < 2000; at += 1) say({ type: 'ghost:preview-ready' })
        say({ type: 'ghost:diagram', step: 'drawn', svg: '<svg onload="parent.hacked=1">', width: 1e9, height: 1e9 })
        say({ type: 'setKey', key: 'x' }); say(JSON.parse('{"__proto__":{"hacked":1}}')); say('x'.repeat(1e7)); say(null)
        addEventListener('message', () => say('was answered'))
        say('had its time')</script>`,
      ),
    )
    await eventually('it has said all', async () => (await told(page)).includes('had its time'))
    await page.evaluate("fetch('/healthz').then(() => new Promise(requestAnimationFrame))")
    expect(await told(page)).not.toContain('was answered')
    expect(await page.evaluate('window.hacked ?? ({}).hacked')).toBeUndefined()
    expect(await page.locator('.words img').count()).toBe(0)
    expect(world.complaints).toEqual([])
  })

  test('A91: that never stops leaves the page around it usable', async () => {
    await using world = await openConsole(browser)
    const { page } = world
    await listen(page)
    await page.evaluate('{ window.turns = []; setInterval(() => window.turns.push(Date.now()), 25) }')
    await answerWith(
      world,
      fenced(
        'html',
        `<script>const from = Date.now(); while (Date.now() < from + 3000); parent.postMessage({ from, to: Date.now() }, '*')</script>`,
      ),
    )
    const busy = await eventually('it has come to its end', async () =>
      (await told(page)).find((it) => typeof it === 'object' && it !== null && 'to' in it),
    )
    const { from, to } = busy as { from: number; to: number }
    const turns = (await page.evaluate('window.turns')) as number[]
    expect(turns.filter((at) => at > from && at < to).length, 'turns of the page meanwhile').toBeGreaterThan(
      10,
    )
  })
})

describe('what is drawn in place', () => {
  test('A89, A90, A95, A96: loads nothing, runs nothing, and is no page when it is opened as one', async () => {
    await using world = await openConsole(browser)
    const { page, context } = world
    await page.evaluate(`{
      window.made = []
      const { createObjectURL } = URL
      URL.createObjectURL = (it) => { const url = createObjectURL.call(URL, it); window.made.push([it.type, url]); return url }
    }`)
    stranger.forget()
    await answerWith(
      world,
      drawn(stranger.url)
        .map(([language, text]) => fenced(language, text))
        .join('\n\n'),
    )
    await page.getByRole('figure', { name: 'csv artefact' }).getByText('⟨U+202E⟩1').waitFor()
    await page.locator('canvas[style], figure canvas, .room canvas').first().waitFor()
    await eventually('all are drawn', async () => (await page.getByText('drawing …').count()) === 0)
    await page.locator('iframe[title="js result"]').waitFor()
    await page.evaluate("fetch('/healthz').then(() => new Promise(requestAnimationFrame))")
    expect(stranger.visits).toEqual([])
    expect(await page.evaluate('window.hacked ?? ({}).hacked')).toBeUndefined()
    const made = (await page.evaluate('window.made')) as [type: string, url: string][]
    expect(
      [...new Set(made.map(([type]) => type))].filter((type) => !/^image\/|octet-stream/.test(type)),
    ).toEqual([])
    const drawing = made.find(([type]) => type === 'image/svg+xml')?.[1] ?? ''
    const [opened] = await Promise.all([
      context.waitForEvent('page'),
      page.evaluate(`void window.open(${JSON.stringify(drawing)})`),
    ])
    await opened.waitForLoadState()
    expect(await opened.evaluate('window.hacked ?? opener?.hacked')).toBeUndefined()
    expect(stranger.visits).toEqual([])
  })

  test('A95: of a hundred thousand rows is its first thousand, and the page goes on', async () => {
    await using world = await openConsole(browser)
    const { page } = world
    await answerWith(world, fenced('csv', `n\n${Array.from({ length: 100_000 }, (_, at) => at).join('\n')}`))
    await page.getByText('the first 1,000 rows of about 100,000').waitFor()
    expect(await page.locator('tbody tr').count()).toBe(1_000)
    await page.getByRole('textbox', { name: 'Message' }).fill('goes on')
  })
})
