import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { DONE, delta, hello, silent, sse, stop } from '../rig/answers.ts'
import { gate } from '../rig/wait.ts'
import { answers, builtConsole, ended, openConsole, say, startBrowser } from './browser.ts'

// A browser on a busy machine takes its time; what a test waits for has limits of its own.
vi.setConfig({ testTimeout: 90_000 })

let browser: Browser
beforeAll(async () => {
  await builtConsole()
  browser = await startBrowser()
}, 120_000)
afterAll(() => browser.close())

describe('an answer that is interrupted', () => {
  test('is whole after a reload in the middle, once, and the agent is asked once', async () => {
    await using world = await openConsole(browser)
    const { rig, page } = world
    const door = gate()
    rig.agent.play('POST /api/chat', sse(delta('one '), delta('two '), door, delta('three'), stop(), DONE))
    await say(page, 'count')
    await page.getByText('one two').waitFor()
    await page.reload()
    await page.getByText('one two').waitFor()
    await page.getByRole('button', { name: 'Stop' }).waitFor()
    door.open()
    await ended(page)
    expect(await answers(page)).toEqual(['one two three'])
    await page.reload()
    await page.getByText('one two three').waitFor()
    expect(await answers(page)).toEqual(['one two three'])
    expect(rig.agent.callsOf('POST /api/chat')).toHaveLength(1)
  })

  test('is whole when the page is gone while it is written', async () => {
    await using world = await openConsole(browser)
    const { rig, page, wire } = world
    const door = gate()
    rig.agent.play('POST /api/chat', sse(delta('one '), door, delta('two'), stop(), DONE))
    await say(page, 'count')
    await page.getByText('one', { exact: true }).waitFor()
    await page.goto('about:blank')
    door.open()
    await (await rig.agent.called('POST /api/chat')).played
    await page.goto(`${wire.url}/`)
    await page.getByText('one two').waitFor()
    await ended(page)
    expect(await answers(page)).toEqual(['one two'])
  })

  test('F66: is whole after the connection was cut, and the console says so meanwhile', async () => {
    await using world = await openConsole(browser)
    const { rig, page, wire } = world
    const door = gate()
    rig.agent.play('POST /api/chat', sse(delta('one '), door, delta('two '), delta('three'), stop(), DONE))
    await say(page, 'count')
    await page.getByText('one', { exact: true }).waitFor()
    await wire.cut()
    await page.getByText('reconnecting', { exact: true }).waitFor()
    await page.getByRole('status', { name: 'Connection' }).getByText('gateway gone').waitFor()
    door.open()
    await (await rig.agent.called('POST /api/chat')).played
    await wire.mend()
    await ended(page)
    expect(await answers(page)).toEqual(['one two three'])
    await page.getByRole('status', { name: 'Connection' }).getByText('online').waitFor()
    expect(rig.agent.callsOf('POST /api/chat')).toHaveLength(1)
  })

  test('F66: is whole after the device was offline', async () => {
    await using world = await openConsole(browser)
    const { rig, page, context } = world
    const door = gate()
    rig.agent.play('POST /api/chat', sse(delta('one '), door, delta('two'), stop(), DONE))
    await say(page, 'count')
    await page.getByText('one', { exact: true }).waitFor()
    await context.setOffline(true)
    await page.getByRole('status', { name: 'Connection' }).getByText('offline').waitFor()
    await page.getByText('reconnecting', { exact: true }).waitFor()
    door.open()
    await context.setOffline(false)
    await ended(page)
    expect(await answers(page)).toEqual(['one two'])
    await page.getByRole('status', { name: 'Connection' }).getByText('online').waitFor()
  })

  test('comes to a question that was sent while the gateway was gone', async () => {
    await using world = await openConsole(browser)
    const { rig, page, wire } = world
    await wire.cut()
    await say(page, 'are you there?')
    await page.getByText(/^(waiting|reconnecting)$/).waitFor()
    await wire.mend()
    await ended(page)
    expect(await answers(page)).toEqual(['hello'])
    expect(rig.agent.callsOf('POST /api/chat')).toHaveLength(1)
  })

  test('that is lost on its way back is not asked for twice', async () => {
    await using world = await openConsole(browser)
    const { rig, page } = world
    const door = gate()
    rig.agent.play('POST /api/chat', async (call) => {
      await door.opened
      await hello(call)
    })
    // The question gets through; the wire dies before the page knows the name of its answer.
    await page.route(
      '**/api/chat',
      async (route) => {
        const request = route.request()
        await rig.fetch('/api/chat', {
          method: 'POST',
          headers: request.headers(),
          body: request.postData() ?? '',
        })
        await route.abort('connectionreset')
      },
      { times: 1 },
    )
    await say(page, 'once')
    await rig.agent.called('POST /api/chat')
    door.open()
    await ended(page)
    expect(await answers(page)).toEqual(['hello'])
    expect(rig.agent.callsOf('POST /api/chat')).toHaveLength(1)
  })

  test('waits with a clock and the last step of the log while the agent is silent', async () => {
    await using world = await openConsole(browser)
    const { rig, page } = world
    const { appendFile } = await import('node:fs/promises')
    rig.agent.play('POST /api/chat', silent)
    await say(page, 'think')
    await page.getByText('working', { exact: true }).waitFor()
    await appendFile(rig.agentLog, '2025-11-22 10:00:13.456 [a1b2c3d4] * READING : notes.md\n')
    await page.getByText('reading · notes.md').waitFor()
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByText('stopped', { exact: true }).waitFor()
  })
})
