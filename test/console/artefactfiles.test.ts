import { readFile } from 'node:fs/promises'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { DONE, delta, sse, stop } from '../rig/answers.ts'
import type { Script } from '../rig/upstream.ts'
import { eventually } from '../rig/wait.ts'
import { builtConsole, ended, openConsole, say, startBrowser, WORDS, type World } from './browser.ts'

// A browser on a busy machine takes its time; what a test waits for has limits of its own.
vi.setConfig({ testTimeout: 90_000 })

let browser: Browser
beforeAll(async () => {
  await builtConsole()
  browser = await startBrowser()
}, 120_000)
afterAll(() => browser.close())

const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)

const file =
  (bytes: string | Buffer, type: string): Script =>
  (call) => {
    call.head(200, { 'content-type': type, 'content-length': String(Buffer.byteLength(bytes)) })
    call.end(bytes)
  }

async function answerWith({ rig, page }: World, text: string, download: Script): Promise<void> {
  rig.agent.play('GET /api/download/', download)
  rig.agent.play('POST /api/chat', sse(delta(text), stop(), DONE))
  await say(page, 'go')
  await ended(page)
}

describe('a file of the agent', () => {
  test('that is a picture is shown, with the key and from memory', async () => {
    await using world = await openConsole(browser, WORDS)
    const { page } = world
    await answerWith(world, '![a dot](/api/download/dot.png)', file(PIXEL, 'text/html'))
    const image = page.getByRole('img', { name: 'a dot' })
    await image.waitFor()
    expect(await image.getAttribute('src')).toMatch(/^blob:/)
    expect(world.complaints).toEqual([])
  })

  test('is let go of when it leaves the page', async () => {
    await using world = await openConsole(browser, WORDS)
    const { page } = world
    await page.evaluate(`{
      window.held = new Set()
      const { createObjectURL, revokeObjectURL } = URL
      URL.createObjectURL = (it) => { const url = createObjectURL.call(URL, it); window.held.add(url); return url }
      URL.revokeObjectURL = (url) => { window.held.delete(url); revokeObjectURL.call(URL, url) }
    }`)
    await answerWith(
      world,
      '![a dot](/api/download/dot.png)\n\n```svg\n<svg viewBox="0 0 9 9"/>\n```',
      file(PIXEL, 'image/png'),
    )
    await eventually('both are held', async () => (await page.evaluate('window.held.size')) === 2)
    await page.getByRole('tab', { name: 'source' }).click()
    await eventually('one is held', async () => (await page.evaluate('window.held.size')) === 1)
  })

  test.each([
    ['a page', '<!doctype html><script>parent.hacked = 1</script>', 'image/png'],
    ['an svg', '<svg xmlns="http://www.w3.org/2000/svg" onload="parent.hacked = 1"/>', 'image/svg+xml'],
    ['a PDF', '%PDF-1.7', 'image/png'],
  ])('A67: that says it is a picture and is %s is not shown', async (_, bytes, type) => {
    await using world = await openConsole(browser, WORDS)
    const { page } = world
    await answerWith(world, '![x](/api/download/dot.png)', file(bytes, type))
    await page.getByText('image unavailable — dot.png').waitFor()
    expect(await page.locator('.words img').count()).toBe(0)
    expect(await page.evaluate('window.hacked')).toBeUndefined()
  })

  test('that is not there says so', async () => {
    await using world = await openConsole(browser, WORDS)
    const gone: Script = (call) => {
      call.head(404, { 'content-type': 'application/json' })
      call.end('{}')
    }
    await answerWith(world, '![x](/api/download/a%20b.png)', gone)
    await world.page.getByText('image unavailable — a b.png').waitFor()
  })

  test('that is a PDF opens as one, and not when it is something else', async () => {
    await using world = await openConsole(browser, WORDS)
    const { page, context, rig } = world
    await answerWith(world, 'see [the report](/api/download/r.pdf)', file('%PDF-1.4\n%%EOF', 'text/html'))
    const [opened] = await Promise.all([
      context.waitForEvent('page'),
      page.getByRole('button', { name: 'Open r.pdf' }).click(),
    ])
    expect(opened.url()).toMatch(/^blob:|^:$|^about:blank$/)
    await opened.close()
    rig.agent.play('GET /api/download/', file('<script>1</script>', 'application/pdf'))
    await page.reload()
    await page.getByRole('button', { name: 'Open r.pdf' }).click()
    await page.getByText('unavailable: its bytes are those of no pdf').waitFor()
  })

  test('of any other kind can be saved, under its own name', async () => {
    await using world = await openConsole(browser, WORDS)
    const { page } = world
    await answerWith(world, '[all of it](/api/download/d/all.html)', file('<script>1</script>', 'text/html'))
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('button', { name: 'Download all.html' }).click(),
    ])
    expect(download.suggestedFilename()).toBe('all.html')
    expect(await readFile(await download.path(), 'utf8')).toBe('<script>1</script>')
  })
})
