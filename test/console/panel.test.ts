import { appendFile } from 'node:fs/promises'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { DONE, delta, json, pieces, sse, stop } from '../rig/answers.ts'
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

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }

describe('the agent log', () => {
  test('shows the newest lines, then each as it comes, and marks errors', async () => {
    await using world = await openConsole(browser, WORDS)
    const { page, rig } = world
    await appendFile(rig.agentLog, 'before it was opened\n')
    await page.getByRole('button', { name: 'Agent log' }).click()
    const log = page.getByRole('log', { name: 'Agent log' })
    await log.getByText('before it was opened').waitFor()
    await appendFile(rig.agentLog, 'ERROR: the disk is full\n')
    await log.getByText('ERROR: the disk is full').waitFor()
    expect(await log.locator('.error').allTextContents()).toEqual(['ERROR: the disk is full'])
    await page.keyboard.press('Escape')
    await log.waitFor({ state: 'detached' })
    expect(await page.evaluate('document.activeElement.getAttribute("aria-label")')).toBe('Agent log')
  })

  test('tells no line twice after the connection was cut', async () => {
    await using world = await openConsole(browser, WORDS)
    const { page, rig, wire } = world
    await page.getByRole('button', { name: 'Agent log' }).click()
    const log = page.getByRole('log', { name: 'Agent log' })
    await appendFile(rig.agentLog, 'one\ntwo\n')
    await log.getByText('two').waitFor()
    await wire.cut()
    await page.getByText('not connected; the newest lines come with the connection').waitFor()
    await appendFile(rig.agentLog, 'three\n')
    await wire.mend()
    await log.getByText('three').waitFor()
    expect(await log.locator('.line').allTextContents()).toEqual(['one', 'two', 'three'])
  })
})

describe('the connection', () => {
  test('says that the gateway is gone, and that it is back', async () => {
    await using world = await openConsole(browser, WORDS)
    const status = world.page.getByRole('status', { name: 'Connection' })
    await status.getByText('online').waitFor()
    await world.wire.cut()
    await status.getByText('gateway gone').waitFor()
    await status.getByText('this page keeps trying').waitFor()
    await world.wire.mend()
    await status.getByText('online').waitFor()
    expect(await status.textContent()).toMatch(/^\s*online\s*$/)
  })

  test('says that the agent is down', async () => {
    await using world = await openConsole(browser, WORDS)
    await world.rig.agent.close()
    await world.page.reload()
    await world.page
      .getByRole('status', { name: 'Connection' })
      .getByText('agent down')
      .waitFor({ timeout: 20_000 })
  })

  test('says that the key was refused', async () => {
    await using world = await openConsole(browser, WORDS)
    const { page } = world
    await page.route('**/api/**', (route) =>
      route.fulfill({ status: 401, json: { error: 'wrong key', code: 'unauthorized' } }),
    )
    await say(page, 'hello')
    await page.getByRole('status', { name: 'Connection' }).getByText('key refused').waitFor()
    await page.getByText('failed: the gateway refused the key').waitFor()
  })

  test('offers a page without the key while the gateway is gone, which leaves by itself', async () => {
    await using world = await openConsole(browser)
    const { page, wire } = world
    await page.evaluate('navigator.serviceWorker.ready.then(() => 0)')
    await page.reload()
    await wire.cut()
    await page.reload()
    await page.getByText('the gateway does not answer').waitFor()
    expect(await page.content()).not.toContain(world.rig.key)
    await wire.mend()
    await page.getByRole('textbox', { name: 'Message' }).waitFor()
  })
})

describe('files', () => {
  test('go to the agent, and the message names them as the agent does', async () => {
    await using world = await openConsole(browser, WORDS)
    const { page, rig } = world
    rig.agent.play('POST /api/upload', json(200, { filename: 'notes (2).md' }))
    const chooser = page.waitForEvent('filechooser')
    await page.getByRole('button', { name: 'Attach file' }).click()
    await (await chooser).setFiles([
      { name: 'notes.md', mimeType: 'text/markdown', buffer: Buffer.from('abc') },
    ])
    await page.getByText('notes (2).md').waitFor()
    await say(page, 'read this')
    await ended(page)
    const sent = (await (await rig.agent.called('POST /api/chat')).json()) as { messages: unknown }
    expect(sent.messages).toEqual([{ role: 'user', content: 'read this\n\n[file: notes (2).md]' }])
  })

  test('that are refused say why and can be taken away', async () => {
    await using world = await openConsole(browser, WORDS)
    const { page, rig } = world
    rig.agent.play('POST /api/upload', json(415, { error: 'no such kind of file here' }))
    const chooser = page.waitForEvent('filechooser')
    await page.getByRole('button', { name: 'Attach file' }).click()
    await (await chooser).setFiles([{ name: 'virus.exe', mimeType: 'x/y', buffer: Buffer.from('abc') }])
    await page.getByText('no such kind of file here').waitFor()
    await page.getByRole('button', { name: 'Remove virus.exe' }).click()
    expect(await page.getByText('virus.exe').count()).toBe(0)
  })

  test('a workspace that is large says while it comes how much there is', async () => {
    await using world = await openConsole(browser, WORDS)
    const { page, rig } = world
    await say(page, 'remember me')
    await ended(page)
    const rest = gate()
    const part = Buffer.alloc(1_500_000)
    rig.agent.play('POST /api/workspace/save', pieces('application/zip', part, rest, part))
    await page.getByRole('button', { name: 'Save workspace' }).click()
    await page.getByText('saving the workspace · 1.5 MB').waitFor()
    const saving = page.waitForEvent('download')
    rest.open()
    await saving
    await page.getByText('workspace saved as ghost-workspace.zip').waitFor()
  })

  test('the workspace is saved with the conversation, and comes back with it', async () => {
    await using world = await openConsole(browser, WORDS)
    const { page, rig } = world
    await say(page, 'remember me')
    await ended(page)
    const saving = page.waitForEvent('download')
    await page.getByRole('button', { name: 'Save workspace' }).click()
    expect((await saving).suggestedFilename()).toBe('workspace.zip')
    await page.getByText('workspace saved as workspace.zip').waitFor()
    const saved = await (await rig.agent.called('POST /api/workspace/save')).json()
    rig.agent.play('POST /api/workspace/load', json(200, { files: 3, bytes: 9, conversation: saved }))
    await page.getByRole('button', { name: 'New conversation' }).click()
    await page.getByText('ask anything').waitFor()
    const chooser = page.waitForEvent('filechooser')
    await page.getByRole('button', { name: 'Load workspace' }).click()
    await (await chooser).setFiles([
      { name: 'w.zip', mimeType: 'application/zip', buffer: Buffer.from('PK') },
    ])
    const asked = page.getByRole('dialog', { name: 'Load workspace' })
    await asked.getByText('all files of the workspace are replaced by those in w.zip').waitFor()
    expect(rig.agent.callsOf('POST /api/workspace/load')).toHaveLength(0)
    await asked.getByRole('button', { name: 'Replace' }).click()
    await page.getByText('workspace loaded · 3 files').waitFor()
    await page.getByRole('article', { name: 'You' }).getByText('remember me').waitFor()
    expect(await answers(page)).toEqual(['hello'])
    await page.reload()
    await page.getByRole('article', { name: 'You' }).getByText('remember me').waitFor()
  })
})

describe('reading', () => {
  test('follows the newest words only while the reader is there', async () => {
    await using world = await openConsole(browser, { ...WORDS, context: { ...WORDS.context, ...PHONE } })
    const { page, rig } = world
    const [first, second] = [gate(), gate()]
    const lines = (name: string) => delta(Array.from({ length: 60 }, (_, at) => `${name} ${at}`).join('\n\n'))
    rig.agent.play(
      'POST /api/chat',
      sse(lines('early'), first, lines('\n\nlate'), second, delta('\n\nlast'), stop(), DONE),
    )
    await say(page, 'write')
    const distance = () =>
      page.evaluate(
        '(() => { const m = document.querySelector("main"); return m.scrollHeight - m.scrollTop - m.clientHeight })()',
      ) as Promise<number>
    await page.getByText('early 59').waitFor()
    await eventually('the end is in view', async () => (await distance()) < 4)
    // The page hears of a scroll with its next frame; words that come before that are followed.
    await page.evaluate(`new Promise((heard) => {
      const main = document.querySelector('main')
      main.addEventListener('scroll', () => requestAnimationFrame(heard), { once: true })
      main.scrollTo(0, 0)
    })`)
    first.open()
    await page.getByRole('button', { name: 'Newest' }).waitFor()
    expect(await page.evaluate('document.querySelector("main").scrollTop')).toBe(0)
    await page.getByRole('button', { name: 'Newest' }).click()
    await eventually('the end is in view', async () => (await distance()) < 4)
    second.open()
    await ended(page)
    await eventually('the end is in view', async () => (await distance()) < 4)
  })

  test('is not lost to words that come between the scrolling and its event', async () => {
    await using world = await openConsole(browser, { ...WORDS, context: { ...WORDS.context, ...PHONE } })
    const { page } = world
    await say(page, 'hello')
    await ended(page)
    await page.evaluate(`(() => {
      const main = document.querySelector('main')
      const words = document.createElement('div')
      words.textContent = 'words '.repeat(5000)
      main.firstElementChild.append(words)
      main.dispatchEvent(new Event('scroll'))
    })()`)
    const distance = `(({ scrollHeight, scrollTop, clientHeight }) => scrollHeight - scrollTop - clientHeight)(document.querySelector('main'))`
    await eventually('the end is in view', async () => Number(await page.evaluate(distance)) < 4)
  })
})
