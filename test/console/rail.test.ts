import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { DONE, delta, sse, stop } from '../rig/answers.ts'
import { gate } from '../rig/wait.ts'
import { answers, builtConsole, ended, openConsole, say, startBrowser } from './browser.ts'

// A browser on a busy machine takes its time; what a test waits for has limits of its own.
vi.setConfig({ testTimeout: 120_000 })

let browser: Browser
beforeAll(async () => {
  await builtConsole()
  browser = await startBrowser()
}, 120_000)
afterAll(() => browser.close())

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }
const answer = (text: string) => sse(delta(text), stop(), DONE)
const rail = (page: Page) => page.getByRole('button', { name: 'Conversations', exact: true })
const row = (page: Page, title: string) => page.getByRole('button', { name: new RegExp(`^${title}`) })
const anew = (page: Page) => page.getByRole('button', { name: 'New conversation' }).click()

describe('several conversations', () => {
  test('an answer that was left while it ran is whole when one comes back, and was asked for once', async () => {
    await using world = await openConsole(browser)
    const { rig, page } = world
    const door = gate()
    rig.agent.play('POST /api/chat', sse(delta('one '), door, delta('two'), stop(), DONE), answer('other'))
    await say(page, 'count')
    await page.getByText('one', { exact: true }).waitFor()
    await anew(page)
    await say(page, 'something else')
    await ended(page)
    await rail(page).click()
    await row(page, 'count').getByText('answering').waitFor()
    await row(page, 'count').click()
    await page.getByText('one', { exact: true }).waitFor()
    door.open()
    await ended(page)
    expect(await answers(page)).toEqual(['one two'])
    expect(rig.agent.callsOf('POST /api/chat')).toHaveLength(2)
    expect(world.complaints).toEqual([])
  })

  test('one that is answered in another tab stays there, and can be had when that is over', async () => {
    await using world = await openConsole(browser)
    const { rig, page, context, wire } = world
    const door = gate()
    rig.agent.play('POST /api/chat', sse(delta('one '), door, delta('two'), stop(), DONE))
    await say(page, 'count')
    await page.getByText('one', { exact: true }).waitFor()
    const second = await context.newPage()
    await second.goto(`${wire.url}/`)
    await row(second, 'count').click()
    await second.getByText('this conversation is open in another tab').waitFor()
    await second.getByRole('button', { name: 'Use it here' }).click()
    await second.getByText('it is being answered there').waitFor()
    door.open()
    await ended(page)
    await second.getByRole('button', { name: 'Use it here' }).click()
    await second.getByText('one two').waitFor()
    await page.getByText('this conversation is open in another tab').waitFor()
    expect(await answers(second)).toEqual(['one two'])
    expect(rig.agent.callsOf('POST /api/chat')).toHaveLength(1)
  })

  test('are renamed, found by their words, deleted and had back, by keyboard alone', async () => {
    await using world = await openConsole(browser)
    const { rig, page } = world
    rig.agent.play('POST /api/chat', answer('we dig the garden'), answer('nothing'))
    await say(page, 'what now')
    await ended(page)
    await anew(page)
    await say(page, 'second')
    await ended(page)
    await rail(page).click()
    await row(page, 'second').focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('F2')
    await page.keyboard.insertText('Spring')
    await page.keyboard.press('Enter')
    await row(page, 'Spring').waitFor()
    await page.getByRole('searchbox', { name: 'Search conversations' }).fill('garden dig')
    await page.getByText('1 found').waitFor()
    expect(await row(page, 'Spring').innerText()).toContain('we dig the garden')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Delete')
    await page.getByRole('button', { name: 'Undo delete' }).click()
    await page.getByRole('searchbox').fill('')
    await row(page, 'Spring').click()
    await page.getByText('we dig the garden').waitFor()
    await row(page, 'Spring').press('Delete')
    await row(page, 'Spring').waitFor({ state: 'detached' })
    await page.reload()
    await row(page, 'second').waitFor()
    expect(await row(page, 'Spring').count()).toBe(0)
    expect(world.complaints).toEqual([])
  })

  test('on a phone they are a sheet that keeps the focus and gives it back', async () => {
    await using world = await openConsole(browser, { context: PHONE })
    const { page } = world
    await say(page, 'first')
    await ended(page)
    await rail(page).click()
    const sheet = page.getByRole('dialog', { name: 'Conversations' })
    await sheet.waitFor()
    await page.keyboard.press('Escape')
    await sheet.waitFor({ state: 'detached' })
    expect(await rail(page).evaluate((button) => button.matches(':focus'))).toBe(true)
    await rail(page).click()
    await page.touchscreen.tap(380, 400)
    await sheet.waitFor({ state: 'detached' })
    await rail(page).click()
    await row(page, 'first').click()
    await sheet.waitFor({ state: 'detached' })
  })
})
