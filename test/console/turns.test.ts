import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { DONE, delta, hello, sse, stop } from '../rig/answers.ts'
import { gate } from '../rig/wait.ts'
import { answers, builtConsole, ended, openConsole, say, startBrowser, WORDS } from './browser.ts'

vi.setConfig({ testTimeout: 90_000 })

let browser: Browser
beforeAll(async () => {
  await builtConsole()
  browser = await startBrowser()
}, 120_000)
afterAll(() => browser.close())

const sent = async (call: { json(): Promise<unknown> }) =>
  ((await call.json()) as { messages: { role: string; content: string }[] }).messages
const answer = (text: string) => sse(delta(text), stop(), DONE)

describe('what one can do with what was said', () => {
  test('Continue tells the agent what it had said and joins as a new answer', async () => {
    await using world = await openConsole(browser, WORDS)
    const { rig, page } = world
    rig.agent.play('POST /api/chat', sse(delta('one, two'), gate()), answer('three'))
    await say(page, 'count')
    await page.getByText('one, two').waitFor()
    await page.getByRole('textbox', { name: 'Message' }).press('Escape')
    await page.getByText('stopped', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Continue' }).click()
    await page.getByText('continued', { exact: true }).waitFor()
    await ended(page)
    expect(await answers(page)).toEqual(['one, two', 'three'])
    const told = await sent(await rig.agent.called('POST /api/chat', 2))
    expect(told.map(({ role }) => role)).toEqual(['user', 'assistant', 'user'])
    expect(told[1]?.content).toBe('one, two')
    await page.reload()
    await page.getByText('continued', { exact: true }).waitFor()
    expect(await answers(page)).toEqual(['one, two', 'three'])
  })

  test('ArrowUp in an empty box edits the last question, and Undo brings back what it replaced', async () => {
    await using world = await openConsole(browser, WORDS)
    const { rig, page } = world
    rig.agent.play('POST /api/chat', answer('first answer'), answer('second answer'))
    await say(page, 'first')
    await ended(page)
    const box = page.getByRole('textbox', { name: 'Message' })
    await box.press('ArrowUp')
    expect(await box.inputValue()).toBe('first')
    await box.fill('better')
    await box.press('Enter')
    await ended(page)
    expect(await answers(page)).toEqual(['second answer'])
    expect(await sent(await rig.agent.called('POST /api/chat', 2))).toEqual([
      { role: 'user', content: 'better' },
    ])
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByText('first answer').waitFor()
    expect(await answers(page)).toEqual(['first answer'])
    await page.reload()
    await page.getByText('first answer').waitFor()
    expect(await page.getByRole('article', { name: 'You' }).count()).toBe(1)
    expect(world.complaints).toEqual([])
  })

  test('an edit of an earlier question replaces all that came after, also in what is kept', async () => {
    await using world = await openConsole(browser, WORDS)
    const { rig, page } = world
    rig.agent.play('POST /api/chat', answer('a'), answer('b'), answer('c'))
    await say(page, 'one')
    await ended(page)
    await say(page, 'two')
    await ended(page)
    await page.getByRole('article', { name: 'You' }).first().hover()
    await page.getByRole('button', { name: 'Edit message' }).first().click()
    await page.getByRole('textbox', { name: 'Message' }).fill('three')
    await page.getByRole('button', { name: 'Send' }).click()
    await page.getByText('c', { exact: true }).waitFor()
    await ended(page)
    await page.reload()
    await page.getByText('c', { exact: true }).waitFor()
    expect(await answers(page)).toEqual(['c'])
  })

  test('/clear empties, can be undone, and is typed with the keyboard alone', async () => {
    await using world = await openConsole(browser, WORDS)
    const { rig, page } = world
    rig.agent.play('POST /api/chat', hello)
    await say(page, 'hi')
    await ended(page)
    const box = page.getByRole('textbox', { name: 'Message' })
    await box.pressSequentially('/')
    const list = page.getByRole('listbox', { name: 'Commands' })
    await list.waitFor()
    const active = await box.getAttribute('aria-activedescendant')
    expect(await page.locator(`#${active}`).getAttribute('aria-selected')).toBe('true')
    await box.press('Escape')
    await list.waitFor({ state: 'detached' })
    await box.pressSequentially('cl')
    await list.waitFor()
    await box.press('Enter')
    await page.getByText('ask anything').waitFor()
    expect(await box.inputValue()).toBe('')
    await page.getByRole('button', { name: 'Undo' }).click()
    await page.getByText('hello').waitFor()
    await box.pressSequentially('/help')
    await box.press('Enter')
    await page.getByRole('dialog', { name: 'Commands and keys' }).waitFor()
    expect(rig.agent.callsOf('POST /api/chat')).toHaveLength(1)
  })

  test('a path is a message and not a command', async () => {
    await using world = await openConsole(browser, WORDS)
    const { rig, page } = world
    rig.agent.play('POST /api/chat', hello)
    const box = page.getByRole('textbox', { name: 'Message' })
    await box.fill('/etc/hosts')
    await box.press('Enter')
    await ended(page)
    expect(await sent(await rig.agent.called('POST /api/chat'))).toEqual([
      { role: 'user', content: '/etc/hosts' },
    ])
  })
})
