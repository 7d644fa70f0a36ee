import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { eventually } from '../rig/wait.ts'
import { answers, builtConsole, ended, openConsole, say, startBrowser } from './browser.ts'

vi.setConfig({ testTimeout: 90_000 })

let browser: Browser
beforeAll(async () => {
  await builtConsole()
  browser = await startBrowser()
}, 120_000)
afterAll(() => browser.close())

const dialog = (page: Page, name: string) => page.getByRole('dialog', { name })
const root = (page: Page, what: string) => page.evaluate(`document.documentElement.dataset.${what}`)
const findings = async (page: Page) => {
  const { violations } = await new AxeBuilder({ page }).analyze()
  return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html.slice(0, 120)}`)
}
/** Out of the box to type in, where letters are letters. */
const leaveBox = (page: Page) => page.getByRole('main').focus()

describe('the settings', () => {
  test('are shown at once, after a reload and in every tab', async () => {
    await using world = await openConsole(browser)
    const { page, context, wire } = world
    const other = await context.newPage()
    await other.goto(wire.url)
    await other.getByRole('textbox', { name: 'Message' }).waitFor()
    await page.getByRole('button', { name: 'Settings' }).click()
    const settings = dialog(page, 'Settings')
    await settings.getByRole('radio', { name: 'large' }).check({ force: true })
    await settings.getByRole('radio', { name: 'more' }).check({ force: true })
    expect(
      await page.evaluate('parseFloat(getComputedStyle(document.documentElement).fontSize)'),
    ).toBeCloseTo(18.4)
    expect(await findings(page)).toEqual([])
    await eventually('the other tab', async () => (await root(other, 'size')) === 'large')
    await page.reload()
    await page.getByRole('textbox', { name: 'Message' }).waitFor()
    expect([await root(page, 'size'), await root(page, 'contrast')]).toEqual(['large', 'more'])
    expect(world.complaints).toEqual([])
  })

  test('less motion stills the face, too', async () => {
    await using world = await openConsole(browser)
    const { page } = world
    await page.addInitScript({ content: `localStorage.setItem('face', 'on')` })
    await page.reload()
    await page.locator('canvas[data-state="alive"]').waitFor({ state: 'attached' })
    await page.getByRole('button', { name: 'Settings' }).click()
    await dialog(page, 'Settings').getByRole('radio', { name: 'less' }).check({ force: true })
    await page.locator('canvas[data-state="still"]').waitFor({ state: 'attached' })
  })

  test('signing out ends every tab, and an answer that is not the gateway’s ends none', async () => {
    await using world = await openConsole(browser)
    const { page, context, wire } = world
    const other = await context.newPage()
    await other.goto(wire.url)
    await other.getByRole('textbox', { name: 'Message' }).waitFor()
    const signOut = async () => {
      await page.getByRole('button', { name: 'Settings' }).click()
      await dialog(page, 'Settings').getByRole('button', { name: 'Sign out' }).click()
    }
    await page.route('**/leave', (route) => route.fulfill({ status: 502, body: 'bad gateway' }), { times: 1 })
    await signOut()
    await page.getByText('signing out needs the gateway, and it does not answer').waitFor()
    await signOut()
    for (const tab of [page, other]) await tab.getByText('This console is locked.').waitFor()
  })
})

describe('the palette', () => {
  test('finds a command by its letters, runs it, and gives the focus back', async () => {
    await using world = await openConsole(browser)
    const { page } = world
    const box = page.getByRole('textbox', { name: 'Message' })
    await box.focus()
    await page.keyboard.press('Control+k')
    const palette = dialog(page, 'Commands')
    await palette.getByRole('combobox', { name: 'What to do' }).waitFor()
    expect(await findings(page)).toEqual([])
    await page.keyboard.type('nothing like it')
    await palette.getByText('nothing is called that').waitFor()
    await page.keyboard.press('Escape')
    await palette.waitFor({ state: 'detached' })
    expect(await page.evaluate(`document.activeElement?.getAttribute('aria-label')`)).toBe('Message')
    await page.keyboard.press('Control+k')
    await palette.getByRole('combobox').fill('setti')
    await page.keyboard.press('Enter')
    await dialog(page, 'Settings').waitFor()
    expect(await palette.count()).toBe(0)
  })
})

test('the palette opens a conversation by its title', async () => {
  await using world = await openConsole(browser)
  const { page } = world
  await say(page, 'about the garden')
  await ended(page)
  await page.getByRole('button', { name: 'New conversation' }).click()
  await page.getByText('ask anything').waitFor()
  await page.keyboard.press('Control+k')
  const palette = dialog(page, 'Commands')
  await palette.getByRole('combobox').fill('garden')
  await palette.getByRole('option', { name: 'about the garden conversation' }).waitFor()
  await page.keyboard.press('Enter')
  await page.getByRole('article', { name: 'You' }).getByText('about the garden').waitFor()
  expect(await palette.count()).toBe(0)
})

test('zen leaves the words, and still says what is wrong', async () => {
  await using world = await openConsole(browser)
  const { page, wire } = world
  await leaveBox(page)
  await page.keyboard.press('z')
  await page.getByRole('button', { name: 'Settings' }).waitFor({ state: 'hidden' })
  await page.getByRole('textbox', { name: 'Message' }).waitFor()
  await eventually('the sheet of keys is here before it is wanted', () =>
    page.evaluate(
      "performance.getEntriesByType('resource').some(({ name }) => /HelpDialog.*js$/.test(name))",
    ),
  )
  await wire.cut()
  await page.getByRole('status', { name: 'Connection' }).getByText('gateway gone').waitFor()
  await page.keyboard.press('?')
  const keys = dialog(page, 'Commands and keys')
  await keys.getByRole('button', { name: 'Close' }).click()
  await keys.waitFor({ state: 'detached' })
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Settings' }).waitFor()
})

test('the first examples are asked with one press', async () => {
  await using world = await openConsole(browser)
  const { page } = world
  await page.getByRole('button', { name: 'draw a diagram and a chart' }).click()
  await ended(page)
  expect(await answers(page)).toEqual(['hello'])
  expect(await page.getByRole('group', { name: 'Examples' }).count()).toBe(0)
})

test('what is asked for while another thing closes opens all the same', async () => {
  await using world = await openConsole(browser)
  const { page } = world
  await leaveBox(page)
  await page.keyboard.press('?')
  await page.getByRole('dialog', { name: 'Commands and keys', exact: true }).waitFor()
  await page.evaluate(
    `document.querySelector('dialog[open]').close()
    window.dispatchEvent(new KeyboardEvent('keydown', { key: 'k', ctrlKey: true }))`,
  )
  const commands = page.getByRole('dialog', { name: 'Commands', exact: true })
  await commands.waitFor()
  await page.evaluate('new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))')
  expect(await commands.count()).toBe(1)
})
