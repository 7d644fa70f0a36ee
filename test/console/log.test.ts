import { appendFile } from 'node:fs/promises'
import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { DONE, delta, sse, stop } from '../rig/answers.ts'
import { eventually, gate } from '../rig/wait.ts'
import { builtConsole, ended, openConsole, say, startBrowser } from './browser.ts'
import { longestTask } from './mainthread.ts'

// A browser on a busy machine takes its time; what a test waits for has limits of its own.
vi.setConfig({ testTimeout: 120_000 })

let browser: Browser
beforeAll(async () => {
  await builtConsole()
  browser = await startBrowser()
}, 120_000)
afterAll(() => browser.close())

const STAMP = '2025-11-22 10:00:13.456 [a1b2c3d4]'

async function openLog(page: Page) {
  await page.getByRole('button', { name: 'Agent log', exact: true }).click()
  return page.getByRole('log', { name: 'Agent log' })
}

describe('the agent log', () => {
  test('A83: stays usable when 20,000 lines come at once', async () => {
    await using world = await openConsole(browser)
    const { page, rig } = world
    await appendFile(rig.agentLog, 'first\n')
    const log = await openLog(page)
    await log.getByText('first').waitFor()
    const lines = Array.from({ length: 20_000 }, (_, at) => `${STAMP} 🔧 TOOL CALL : number ${at}`)
    const longest = await longestTask(page, async () => {
      await appendFile(rig.agentLog, `${lines.join('\n')}\n`)
      await page.getByRole('textbox', { name: 'Message' }).fill('typed meanwhile')
      await log.getByText('number 19999', { exact: false }).waitFor({ timeout: 40_000 })
    })
    expect(await page.getByRole('textbox', { name: 'Message' }).inputValue()).toBe('typed meanwhile')
    expect(longest, 'the longest task in ms').toBeLessThan(300)
    // Of so many, only those near what is seen are there.
    expect(await log.locator('.line').count()).toBeLessThan(600)
    await page.evaluate(`((it) => it.scrollTo(0, it.scrollHeight / 2))(document.querySelector('.lines'))`)
    await eventually('the middle is shown', async () => {
      const numbers = (await log.locator('.line').allTextContents()).map((line) =>
        Number(line.split(' ').at(-1)),
      )
      return numbers.some((number) => number > 5_000 && number < 15_000)
    })
  })

  test('shows what the filter lets through, by text and by level', async () => {
    await using world = await openConsole(browser)
    const { page, rig } = world
    const log = await openLog(page)
    await appendFile(rig.agentLog, 'DEBUG: bytes\nINFO: apples\nWARNING: pears\nan ERROR of apples\n')
    await log.getByText('an ERROR of apples').waitFor()
    const lines = () => log.locator('.line').allTextContents()
    await page.getByRole('searchbox', { name: 'Filter log' }).fill('APPLES')
    expect(await lines()).toEqual(['INFO: apples', 'an ERROR of apples'])
    await page.getByRole('combobox', { name: 'Log level' }).selectOption('errors')
    expect(await lines()).toEqual(['an ERROR of apples'])
    await page.getByRole('searchbox', { name: 'Filter log' }).fill('')
    await page.getByRole('combobox', { name: 'Log level' }).selectOption('warnings and errors')
    expect(await lines()).toEqual(['WARNING: pears', 'an ERROR of apples'])
    await page.getByRole('searchbox', { name: 'Filter log' }).fill('nothing like it')
    await log.getByText('no line fits the filter').waitFor()
  })

  test('stands still while it is paused, counts what comes, and goes on with it', async () => {
    await using world = await openConsole(browser)
    const { page, rig } = world
    const log = await openLog(page)
    await appendFile(rig.agentLog, 'before\n')
    await log.getByText('before').waitFor()
    await page.getByRole('button', { name: 'Pause log' }).click()
    await appendFile(rig.agentLog, 'meanwhile one\nmeanwhile two\n')
    const goOn = page.getByRole('button', { name: 'paused · 2 new · go on' })
    await goOn.waitFor()
    expect(await log.locator('.line').allTextContents()).toEqual(['before'])
    await goOn.click()
    await log.getByText('meanwhile two').waitFor()
    await page.getByRole('button', { name: 'Clear log' }).click()
    await log.getByText('nothing yet').waitFor()
    expect(await log.locator('.line').count()).toBe(0)
  })

  test('is copied as it is shown', async () => {
    const permissions = ['clipboard-read', 'clipboard-write']
    await using world = await openConsole(browser, { context: { permissions } })
    const { page, rig } = world
    const log = await openLog(page)
    await appendFile(rig.agentLog, `${STAMP} ✅ apples\npears\napples again\n`)
    await log.getByText('apples again').waitFor()
    await page.getByRole('searchbox', { name: 'Filter log' }).fill('apples')
    await page.getByRole('button', { name: 'Copy log' }).click()
    await page.getByRole('button', { name: 'Copy log: copied' }).waitFor()
    expect(await page.evaluate('navigator.clipboard.readText()')).toBe(`${STAMP} ✅ apples\napples again`)
  })

  test('A80, A81: shows what hides, drops what is for terminals, and colours by what it is about', async () => {
    await using world = await openConsole(browser)
    const { page, rig } = world
    const log = await openLog(page)
    await appendFile(rig.agentLog, `\u001b[31m${STAMP} 📖 READ FILE\u001b[0m : a\u202eb\u0007<b>c</b>\n`)
    await log.getByText('READ FILE').waitFor()
    const line = log.locator('.line')
    expect(await line.allTextContents()).toEqual([`${STAMP} 📖 READ FILE : a⟨U+202E⟩b⟨U+0007⟩<b>c</b>`])
    expect(await line.getAttribute('data-class')).toBe('memory')
    expect(await line.locator('b').count()).toBe(0)
  })

  test('says when there is no file, and no longer when there is', async () => {
    await using world = await openConsole(browser)
    const { page, rig } = world
    const log = await openLog(page)
    await page.getByText('log file missing').waitFor()
    await appendFile(rig.agentLog, 'here it is\n')
    await log.getByText('here it is').waitFor()
    await page.getByText('log file missing').waitFor({ state: 'detached' })
  })

  test.each([
    ['a desktop', {}],
    ['a phone', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }],
  ])('pleases axe on %s with lines of every class, filtered and paused', async (_, context) => {
    await using world = await openConsole(browser, { context })
    const { page, rig } = world
    const log = await openLog(page)
    await appendFile(
      rig.agentLog,
      ['🔧 TOOL', '📖 READ', '📋 PLAN', '🧠 THINK', '✅ DONE', 'words', '❌ ERROR']
        .map((line) => `${STAMP} ${line} : o\n`)
        .join(''),
    )
    await log.getByText('ERROR').waitFor()
    await page.getByRole('button', { name: 'Pause log' }).click()
    await page.getByRole('searchbox', { name: 'Filter log' }).fill('o')
    const { violations } = await new AxeBuilder({ page }).analyze()
    expect(violations.map(({ id, nodes }) => ({ id, where: nodes.map((node) => node.html) }))).toEqual([])
  })
})

describe('the planner’s monologue', () => {
  test('is one quiet line while a turn runs, and goes soon after it', async () => {
    await using world = await openConsole(browser)
    const { page, rig } = world
    const monologue = page.locator('.monologue')
    await appendFile(rig.agentLog, 'planner monologue : of another turn\n')
    await page.getByRole('button', { name: 'Agent log' }).click()
    await page.getByText('of another turn').waitFor()
    await page.keyboard.press('Escape')
    const hold = gate()
    rig.agent.play('POST /api/chat', sse(hold, delta('well'), stop(), DONE))
    await say(page, 'think')
    await page.getByText('working').waitFor()
    expect(await monologue.count()).toBe(0)
    await appendFile(
      rig.agentLog,
      `${STAMP} 🧠 Planner Monologue : one \u202etwo ${'and so on '.repeat(60)}\n`,
    )
    await monologue.waitFor()
    expect(await monologue.textContent()).toMatch(/^one ⟨U\+202E⟩two and so on .*…$/)
    expect((await monologue.boundingBox())?.height).toBeLessThan(45)
    hold.open()
    await ended(page)
    expect(await monologue.count()).toBe(1)
    await monologue.waitFor({ state: 'detached', timeout: 6_000 })
  })
})
