import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { DONE, delta, sse, stop } from '../rig/answers.ts'
import { gate } from '../rig/wait.ts'
import { answers, builtConsole, ended, openConsole, say, startBrowser, WORDS } from './browser.ts'

vi.setConfig({ testTimeout: 90_000 })

let browser: Browser
beforeAll(async () => {
  await builtConsole()
  browser = await startBrowser()
}, 120_000)
afterAll(() => browser.close())

const answer = (text: string) => sse(delta(text), stop(), DONE)

describe('a message that is sent while an answer runs', () => {
  test('waits over a reload, and is sent once when the answer has ended well', async () => {
    await using world = await openConsole(browser, { context: { viewport: { width: 390, height: 844 } } })
    const { rig, page } = world
    const door = gate()
    rig.agent.play(
      'POST /api/chat',
      sse(delta('first'), door, stop(), DONE),
      answer('second'),
      answer('third'),
    )
    await say(page, 'one')
    await page.getByText('first', { exact: true }).waitFor()
    const box = page.getByRole('textbox', { name: 'Message' })
    await box.fill('two')
    await box.press('Enter')
    await say(page, 'three')
    await page.getByText('next, when the answer is done').waitFor()
    await page.reload()
    await page.getByText('next, when the answer is done').waitFor()
    expect(await page.getByRole('region', { name: 'Queue' }).getByRole('listitem').count()).toBe(2)
    door.open()
    await page.getByText('third', { exact: true }).waitFor()
    await ended(page)
    expect(await answers(page)).toEqual(['first', 'second', 'third'])
    await page.reload()
    await page.getByText('third', { exact: true }).waitFor()
    expect(await page.getByRole('article', { name: 'You' }).count()).toBe(3)
    expect(rig.agent.callsOf('POST /api/chat')).toHaveLength(3)
  })

  test('waits for a word when the answer was stopped, and says so', async () => {
    await using world = await openConsole(browser, WORDS)
    const { rig, page } = world
    rig.agent.play('POST /api/chat', sse(delta('half'), gate()), answer('after'))
    await say(page, 'one')
    await page.getByText('half', { exact: true }).waitFor()
    await say(page, 'two')
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByText('waiting: the answer was stopped').waitFor()
    await page.reload()
    await page.getByText('waiting: the answer was stopped').waitFor()
    expect(rig.agent.callsOf('POST /api/chat')).toHaveLength(1)
    await page.getByRole('button', { name: 'Ask now' }).click()
    await page.getByText('after', { exact: true }).waitFor()
    await ended(page)
    expect(await answers(page)).toEqual(['half', 'after'])
    await page.getByRole('region', { name: 'Queue' }).waitFor({ state: 'detached' })
  })

  test('can be taken back into the box, and removed', async () => {
    await using world = await openConsole(browser, WORDS)
    const { rig, page } = world
    rig.agent.play('POST /api/chat', sse(delta('half'), gate()))
    await say(page, 'one')
    await page.getByText('half', { exact: true }).waitFor()
    const box = page.getByRole('textbox', { name: 'Message' })
    await say(page, 'two')
    await say(page, 'three')
    await box.press('ArrowUp')
    expect(await box.inputValue()).toBe('three')
    await page.getByRole('button', { name: 'Remove queued message' }).click()
    await page.getByRole('region', { name: 'Queue' }).waitFor({ state: 'detached' })
  })
})

describe('what is typed while another conversation is being opened', () => {
  test('is meant for that one, and what was typed before stays with the one before', async () => {
    await using world = await openConsole(browser, WORDS)
    const { rig, page } = world
    rig.agent.play('POST /api/chat', answer('first'))
    await say(page, 'one')
    await ended(page)
    const box = page.getByRole('textbox', { name: 'Message' })
    await box.fill('for the one before')
    await page.evaluate(`{
      const { request } = LockManager.prototype
      const opened = new Promise((resolve) => { window.open = resolve })
      LockManager.prototype.request = async function (...it) { await opened; return request.apply(this, it) }
    }`)
    await page.getByRole('button', { name: 'New conversation' }).click()
    await page.getByText('first', { exact: true }).waitFor({ state: 'detached' })
    await box.fill('typed early')
    await page.evaluate('window.open()')
    await page.getByRole('heading', { name: 'ask anything' }).waitFor()
    expect(await box.inputValue()).toBe('typed early')
    await page.getByRole('button', { name: 'Conversations', exact: true }).click()
    await page.getByRole('button', { name: /^one/ }).click()
    await page.getByText('first', { exact: true }).waitFor()
    expect(await box.inputValue()).toBe('for the one before')
  })
})

describe('a message that is composed without a network', () => {
  test('is shown as waiting, and sent once when the network is back', async () => {
    await using world = await openConsole(browser, WORDS)
    const { rig, page, context } = world
    rig.agent.play('POST /api/chat', answer('arrived'))
    await context.setOffline(true)
    await say(page, 'from the tunnel')
    await page.getByText('not sent yet').waitFor()
    expect(rig.agent.callsOf('POST /api/chat')).toHaveLength(0)
    await context.setOffline(false)
    await page.getByText('arrived', { exact: true }).waitFor()
    await ended(page)
    expect(rig.agent.callsOf('POST /api/chat')).toHaveLength(1)
  })
})
