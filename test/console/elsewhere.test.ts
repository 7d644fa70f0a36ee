import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { DONE, delta, sse, stop } from '../rig/answers.ts'
import { gate } from '../rig/wait.ts'
import { answers, builtConsole, ended, openConsole, say, startBrowser } from './browser.ts'

vi.setConfig({ testTimeout: 90_000 })

let browser: Browser
beforeAll(async () => {
  await builtConsole()
  browser = await startBrowser()
}, 120_000)
afterAll(() => browser.close())

const RUNNING = 'an answer is running on another device'

describe('an answer that runs on another device', () => {
  test('is offered by itself, and shown from its first word to its last', async () => {
    await using world = await openConsole(browser)
    const { rig, page, wire } = world
    const door = gate()
    rig.agent.play('POST /api/chat', sse(delta('begun there, '), door, delta('ended here'), stop(), DONE))
    await say(page, 'on the desktop')
    await page.getByText('begun there,').waitFor()

    const phone = await browser.newContext({ viewport: { width: 390, height: 844 }, hasTouch: true })
    const other = await phone.newPage()
    await other.goto(`${wire.url}/?key=${rig.key}`)
    await other.getByText(RUNNING).waitFor({ timeout: 45_000 })
    await other.getByRole('button', { name: 'Show', exact: true }).click()
    await other.getByText('the question is not known here').waitFor()
    await other.getByText('begun there,').waitFor()
    door.open()
    await ended(other)
    expect(await answers(other)).toEqual(['begun there, ended here'])
    expect(await other.getByText(RUNNING).count()).toBe(0)
    expect(await other.getByRole('button', { name: 'Regenerate' }).count()).toBe(0)
    expect(rig.agent.callsOf('POST /api/chat')).toHaveLength(1)
    await phone.close()
  })

  test('is not one that another tab of this browser has begun', async () => {
    await using world = await openConsole(browser)
    const { rig, page, context, wire } = world
    rig.agent.play('POST /api/chat', sse(delta('mine'), gate()))
    const tab = await context.newPage()
    const rounds: string[] = []
    tab.on('request', (request) => {
      if (request.url().endsWith('/api/chat/tasks')) rounds.push(request.url())
    })
    await say(page, 'go')
    await page.getByText('mine', { exact: true }).waitFor()
    await tab.goto(`${wire.url}/`)
    await tab.getByRole('textbox', { name: 'Message' }).waitFor()
    // One look is the connection's own; three of ours are more than it takes to be sure.
    await vi.waitFor(() => expect(rounds.length).toBeGreaterThan(2), { timeout: 60_000 })
    expect(await tab.getByText(RUNNING).count()).toBe(0)
  })
})
