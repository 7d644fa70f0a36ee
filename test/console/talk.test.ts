import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { DONE, delta, hello, sse, stop } from '../rig/answers.ts'
import { eventually, gate } from '../rig/wait.ts'
import { answers, builtConsole, ended, openConsole, say, startBrowser, WORDS } from './browser.ts'

// A browser on a busy machine takes its time; what a test waits for has limits of its own.
vi.setConfig({ testTimeout: 90_000 })

let browser: Browser
beforeAll(async () => {
  await builtConsole()
  browser = await startBrowser()
}, 120_000)
afterAll(() => browser.close())

describe('a conversation', () => {
  test('asks, shows the answer while it comes, and tells the agent all that was said', async () => {
    await using world = await openConsole(browser, WORDS)
    const { rig, page } = world
    const door = gate()
    rig.agent.play('POST /api/chat', sse(delta('hel'), door, delta('lo'), stop(), DONE), hello)
    await say(page, 'first')
    await page.getByText('hel', { exact: true }).waitFor()
    expect(await page.getByRole('button', { name: 'Stop' }).isVisible()).toBe(true)
    door.open()
    await ended(page)
    expect(await answers(page)).toEqual(['hello'])
    await say(page, 'second')
    await ended(page)
    const call = await rig.agent.called('POST /api/chat', 2)
    expect(await call.json()).toEqual({
      stream: true,
      messages: [
        { role: 'user', content: 'first' },
        { role: 'assistant', content: 'hello' },
        { role: 'user', content: 'second' },
      ],
    })
    expect(world.complaints).toEqual([])
  })

  test('Enter sends, Shift and Enter begins a line, and an input method keeps its Enter', async () => {
    await using world = await openConsole(browser, WORDS)
    const { rig, page } = world
    const box = page.getByRole('textbox', { name: 'Message' })
    await box.fill('one')
    await box.press('Shift+Enter')
    await box.pressSequentially('two')
    await box.dispatchEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true, cancelable: true })
    await box.dispatchEvent('keydown', { key: 'Enter', keyCode: 229, bubbles: true, cancelable: true })
    expect(await box.inputValue()).toBe('one\ntwo')
    await box.press('Enter')
    await ended(page)
    expect(rig.agent.callsOf('POST /api/chat')).toHaveLength(1)
    expect(await box.inputValue()).toBe('')
  })

  test('keeps a draft over a reload', async () => {
    await using world = await openConsole(browser, WORDS)
    const box = world.page.getByRole('textbox', { name: 'Message' })
    await box.fill('not yet sent')
    await world.page.reload()
    await eventually('the draft', async () => (await box.inputValue()) === 'not yet sent')
  })

  test('stops, keeps what was heard, says so, and asks again on Retry', async () => {
    await using world = await openConsole(browser, WORDS)
    const { rig, page } = world
    rig.agent.play('POST /api/chat', sse(delta('half an answer'), gate()), hello)
    await say(page, 'go')
    await page.getByText('half an answer').waitFor()
    await page.getByRole('button', { name: 'Stop' }).click()
    await page.getByText('stopped', { exact: true }).waitFor()
    await (await rig.agent.called('POST /api/turn/cancel')).read()
    expect(await answers(page)).toEqual(['half an answer'])
    await page.reload()
    await page.getByText('stopped', { exact: true }).waitFor()
    await page.getByRole('button', { name: 'Retry' }).click()
    await ended(page)
    expect(await answers(page)).toEqual(['hello'])
    expect(rig.agent.callsOf('POST /api/chat')).toHaveLength(2)
  })

  test('asks again for an answer that was whole, and the new one takes its place', async () => {
    await using world = await openConsole(browser, WORDS)
    const { rig, page } = world
    rig.agent.play('POST /api/chat', sse(delta('first'), stop(), DONE), sse(delta('second'), stop(), DONE))
    await say(page, 'go')
    await ended(page)
    await page.getByRole('button', { name: 'Regenerate' }).click()
    await page.getByText('second', { exact: true }).waitFor()
    await ended(page)
    await page.reload()
    await page.getByText('second', { exact: true }).waitFor()
    expect(await answers(page)).toEqual(['second'])
    const again = await rig.agent.called('POST /api/chat', 2)
    expect(await again.json()).toMatchObject({ messages: [{ role: 'user', content: 'go' }] })
  })

  test('says why an answer failed, and does not tell the agent of it', async () => {
    await using world = await openConsole(browser, WORDS)
    const { rig, page } = world
    rig.agent.play(
      'POST /api/chat',
      sse(delta('half'), 'data: {"error":{"message":"out of memory"}}\n\n', delta('never')),
      hello,
    )
    await say(page, 'one')
    await page.getByText('failed: out of memory').waitFor()
    expect(await answers(page)).toEqual(['half'])
    await say(page, 'two')
    await ended(page)
    const sent = (await (await rig.agent.called('POST /api/chat', 2)).json()) as { messages: unknown[] }
    expect(sent.messages).toEqual([
      { role: 'user', content: 'one' },
      { role: 'user', content: 'two' },
    ])
  })

  test('folds reasoning and steps away from the answer', async () => {
    await using world = await openConsole(browser, WORDS)
    const { rig, page } = world
    const call = JSON.stringify({
      choices: [
        {
          delta: {
            tool_calls: [{ index: 0, id: 'c', function: { name: 'read_file', arguments: '{"path":"x"}' } }],
          },
        },
      ],
    })
    rig.agent.play(
      'POST /api/chat',
      sse(delta('<think>let me see</think>'), `data: ${call}\n\n`, delta('the answer'), stop(), DONE),
    )
    await say(page, 'go')
    await ended(page)
    expect(await answers(page)).toEqual(['the answer'])
    expect(await page.getByText('let me see').isVisible()).toBe(false)
    await page.getByText(/thought for/).click()
    expect(await page.getByText('let me see').isVisible()).toBe(true)
    expect(await page.getByText('read_file', { exact: true }).isVisible()).toBe(true)
  })
})
