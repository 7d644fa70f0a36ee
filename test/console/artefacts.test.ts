import { readFile } from 'node:fs/promises'
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { SHOWCASE } from '../../src/agent/showcase.ts'
import { DONE, delta, sse, stop } from '../rig/answers.ts'
import { eventually, gate } from '../rig/wait.ts'
import { answerWith, builtConsole, openConsole, say, startBrowser, WORDS } from './browser.ts'

// A browser on a busy machine takes its time; what a test waits for has limits of its own.
vi.setConfig({ testTimeout: 120_000 })

let browser: Browser
beforeAll(async () => {
  await builtConsole()
  browser = await startBrowser()
}, 120_000)
afterAll(() => browser.close())

const fenced = (language: string, text: string) => `\`\`\`${language}\n${text}\n\`\`\``
const artefact = (page: Page, language: string) =>
  page
    .getByRole('figure', { name: `${language} artefact` })
    .or(page.getByRole('dialog', { name: `${language} artefact` }))
const frames = (page: Page) => page.frames().filter((frame) => frame.url().endsWith('/preview'))
const HTML = '<button onclick="this.textContent=Number(this.textContent)+1">1</button>'

const SCREENS = [
  ['a desktop', {}],
  ['a phone', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }],
] as const

describe.each(SCREENS)('on %s', (_, context) => {
  test('every kind is drawn in place, and axe finds nothing', async () => {
    await using world = await openConsole(browser, { ...WORDS, context: { ...WORDS.context, ...context } })
    const { page } = world
    await answerWith(world, SHOWCASE)
    const diagram = artefact(page, 'mermaid').getByRole('img', { name: 'flowchart diagram' })
    await diagram.waitFor()
    await eventually(
      'a diagram with a size',
      () => diagram.evaluate((it) => 'naturalWidth' in it && Number(it.naturalWidth) > 200),
      20_000,
    )
    await artefact(page, 'csv').getByRole('cell', { name: 'february' }).waitFor()
    await artefact(page, 'chart')
      .getByRole('img', { name: 'line chart of questions, answers, 5 points' })
      .waitFor()
    await artefact(page, 'svg').getByRole('img', { name: 'drawing' }).waitFor()
    const button = page.frameLocator('iframe[title="html result"]').getByRole('button')
    await button.click()
    expect(await button.textContent()).toBe('pressed 1 times')
    await page.locator('.hljs-keyword').first().waitFor()
    const wide = await page.evaluate('document.documentElement.scrollWidth > innerWidth')
    expect(wide).toBe(false)
    const { violations } = await new AxeBuilder({ page }).exclude('iframe').analyze()
    expect(
      violations.map(({ id, nodes }) => ({ id, where: nodes.map((node) => node.html.slice(0, 120)) })),
    ).toEqual([])
    expect(world.complaints).toEqual([])
  })

  test('enlarged, it fills the page, goes on as it was, and Escape ends it', async () => {
    await using world = await openConsole(browser, { ...WORDS, context: { ...WORDS.context, ...context } })
    const { page } = world
    await answerWith(world, fenced('html', HTML))
    const button = page.frameLocator('iframe[title="html result"]').getByRole('button')
    await button.click()
    await artefact(page, 'html').getByRole('button', { name: 'Enlarge' }).click()
    const box = await page.getByRole('dialog').boundingBox()
    expect(box).toMatchObject({ x: 0, y: 0, ...page.viewportSize() })
    expect(await button.textContent()).toBe('2')
    const { violations } = await new AxeBuilder({ page }).exclude('iframe').analyze()
    expect(violations.map(({ id }) => id)).toEqual([])
    await page.getByRole('button', { name: 'Close', exact: true }).press('Escape')
    await page.getByRole('dialog').waitFor({ state: 'detached' })
    expect(await button.textContent()).toBe('2')
    expect(world.complaints).toEqual([])
  })
})

describe('an artefact', () => {
  test('is code until its fence closes', async () => {
    await using world = await openConsole(browser, WORDS)
    const { page, rig } = world
    const door = gate()
    rig.agent.play(
      'POST /api/chat',
      sse(delta(`before\n\n\`\`\`html\n${HTML}\n`), door, delta('```\n\nafter'), stop(), DONE),
    )
    await say(page, 'go')
    await page.locator('pre', { hasText: 'onclick' }).waitFor()
    expect(await page.locator('iframe').count()).toBe(0)
    expect(await artefact(page, 'html').count()).toBe(0)
    door.open()
    await page.frameLocator('iframe[title="html result"]').getByRole('button').waitFor()
  })

  test('whose fence never closes stays code', async () => {
    await using world = await openConsole(browser, WORDS)
    const { page } = world
    await answerWith(world, `\`\`\`html\n${HTML}\n`)
    await page.locator('pre', { hasText: 'onclick' }).waitFor()
    expect(await artefact(page, 'html').count()).toBe(0)
  })

  test.each([
    ['html', HTML, 'run this page'],
    ['css', 'button { color: red }', 'show this style'],
    ['js', 'console.log("hello")', 'run this code'],
    ['mermaid', 'flowchart LR\n a --> b', 'draw this diagram'],
  ])('of %s from history waits for a click', async (language, text, words) => {
    await using world = await openConsole(browser, WORDS)
    const { page, requests } = world
    await answerWith(world, fenced(language, text))
    await page
      .locator('iframe[title="html result"], [title="css result"], [title="js result"], img')
      .waitFor()
    await page.reload()
    const run = page.getByRole('button', { name: words })
    await run.waitFor()
    const before = requests.length
    await page.evaluate("fetch('/healthz').then(() => new Promise(requestAnimationFrame))")
    expect(requests.slice(before).filter((url) => url.endsWith('/preview'))).toEqual([])
    expect(await page.locator('iframe').count()).toBe(0)
    await run.click()
    await eventually('the frame', () => requests.slice(before).some((url) => url.endsWith('/preview')))
  })

  test('of html ends with its tab, with its button, and with the conversation', async () => {
    await using world = await openConsole(browser, WORDS)
    const { page } = world
    await answerWith(world, fenced('html', HTML))
    const it = artefact(page, 'html')
    await it.locator('iframe').waitFor()
    await it.getByRole('tab', { name: 'source' }).click()
    expect(frames(page)).toEqual([])
    await it.locator('pre', { hasText: 'onclick' }).waitFor()
    await it.getByRole('tab', { name: 'result' }).click()
    await it.locator('iframe').waitFor()
    await it.getByRole('button', { name: 'End run' }).click()
    expect(frames(page)).toEqual([])
    await it.getByRole('button', { name: 'run this page' }).click()
    await it.locator('iframe').waitFor()
  })

  test('is one of few that run at once', async () => {
    await using world = await openConsole(browser, WORDS)
    const { page } = world
    await answerWith(world, Array.from({ length: 7 }, () => fenced('html', HTML)).join('\n\n'))
    await eventually('four frames', async () => (await page.locator('iframe').count()) === 4)
    expect(await page.getByRole('button', { name: 'run this page' }).count()).toBe(3)
  })

  test('of code shows what it says, and reads as code when it is for elsewhere', async () => {
    await using world = await openConsole(browser, WORDS)
    const { page } = world
    const code = 'console.log("said", { a: 1 }); throw new Error("broken")'
    await answerWith(world, `${fenced('js', code)}\n\n${fenced('javascript', "const fs = require('fs')")}`)
    const shown = page.frameLocator('iframe[title="js result"]').getByRole('log', { name: 'Console' })
    await shown.getByText('said { "a": 1 }').waitFor()
    await shown.getByText('Error: broken').waitFor()
    expect(await page.locator('iframe').count()).toBe(1)
    await artefact(page, 'javascript').locator('pre', { hasText: 'require' }).waitFor()
  })

  test('inside of a list is drawn when the list is whole', async () => {
    await using world = await openConsole(browser, WORDS)
    await answerWith(world, '1. a table:\n\n   ```csv\n   a,b\n   1,2\n   ```\n\n2. done')
    await artefact(world.page, 'csv').getByRole('cell', { name: '2' }).waitFor()
  })

  test('that cannot be drawn says so in words', async () => {
    await using world = await openConsole(browser, WORDS)
    const { page } = world
    await answerWith(
      world,
      [
        fenced('mermaid', 'flowchart LR\n a -->'),
        fenced('chart', '{"type":"treemap"}'),
        fenced('svg', '<svg xmlns="http://www.w3.org/2000/svg"><broken'),
        fenced('mermaid', `flowchart LR\n${'a --> b\n'.repeat(10_000)}`),
      ].join('\n\n'),
    )
    await page.getByText('this diagram cannot be drawn: Parse error').waitFor()
    await page.getByText('this chart cannot be drawn: “treemap” is not a kind').waitFor()
    await page.getByText('the browser cannot read it as a picture').waitFor()
    await page.getByText('more than the 50000 that are drawn').waitFor()
  })

  test('of csv sorts by its headers', async () => {
    await using world = await openConsole(browser, WORDS)
    const it = artefact(world.page, 'csv')
    await answerWith(world, fenced('csv', 'name,n\nb,10\na,9\nc,11'))
    const first = async () => (await it.locator('tbody tr').first().textContent())?.replaceAll(/\s/g, '')
    await it.getByRole('button', { name: 'name' }).click()
    expect(await first()).toBe('a9')
    expect(await it.getByRole('columnheader', { name: 'name' }).getAttribute('aria-sort')).toBe('ascending')
    await it.getByRole('button', { name: 'n', exact: true }).click()
    expect(await first()).toBe('c11')
    await it.getByRole('tab', { name: 'chart' }).click()
    await it.getByRole('img', { name: 'bar chart of n, 3 points' }).waitFor()
  })

  test.each([
    ['csv', 'a,b\n=1+1,2', 'table.csv', /^a,b\r\n'=1\+1,2\r\n$/],
    ['svg', '<svg viewBox="0 0 9 9"/>', 'drawing.svg', /^<svg viewBox/],
    ['html', HTML, 'page.html', /^<button/],
    ['mermaid', 'flowchart LR\n a --> b', 'diagram.svg', /^<svg/],
    ['chart', '{"type":"bar","data":{"labels":["a"],"datasets":[{"data":[1]}]}}', 'chart.png', /^.PNG/],
  ])('of %s can be saved', async (language, text, name, content) => {
    await using world = await openConsole(browser, WORDS)
    const { page } = world
    await answerWith(world, fenced(language, text))
    const it = artefact(page, language)
    await it.locator('td, iframe, img, canvas, [role=status]').first().waitFor()
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      it.getByRole('button', { name: 'Download' }).click(),
    ])
    expect(download.suggestedFilename()).toBe(name)
    expect(await readFile(await download.path(), 'latin1')).toMatch(content)
  })
})
