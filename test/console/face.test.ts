import { appendFile } from 'node:fs/promises'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { DONE, delta, sse, stop } from '../rig/answers.ts'
import { eventually, gate } from '../rig/wait.ts'
import { builtConsole, ended, openConsole, say, startBrowser } from './browser.ts'

// A browser on a busy machine takes its time; what a test waits for has limits of its own.
vi.setConfig({ testTimeout: 90_000 })

let browser: Browser
beforeAll(async () => {
  await builtConsole()
  browser = await startBrowser()
}, 120_000)
afterAll(() => browser.close())

/** Opens the page once more, with scripts run before it. */
async function again(page: Page, ...scripts: readonly string[]): Promise<void> {
  for (const content of scripts) await page.addInitScript({ content })
  await page.reload()
  await page.getByRole('textbox', { name: 'Message' }).waitFor()
}

const ALIVE = `localStorage.setItem('face', 'on')`
const COUNT_FRAMES = `{
  window.frames_drawn = 0
  const draw = WebGL2RenderingContext.prototype.drawArrays
  WebGL2RenderingContext.prototype.drawArrays = function (...rest) {
    window.frames_drawn += 1
    return draw.apply(this, rest)
  }
}`
const FAST_SCREEN = 'window.requestAnimationFrame = (tell) => setTimeout(() => tell(performance.now()), 4)'
const frames = (page: Page) => page.evaluate('window.frames_drawn') as Promise<number>
const canvas = (page: Page, state: string) => page.locator(`canvas[data-state="${state}"]`)
const HIDE = (isHidden: boolean) => `{
  Object.defineProperty(document, 'hidden', { configurable: true, get: () => ${isHidden} })
  document.dispatchEvent(new Event('visibilitychange'))
}`

/** What this document itself loaded of the face: neither what an earlier one did, nor what a worker keeps for later. */
const faceFiles = (page: Page) =>
  page.evaluate(`performance.getEntriesByType('resource').map(({ name }) => name)
    .filter((name) => /\\/(?:face|feel)[^/]*\\.js$/.test(name))`) as Promise<string[]>

/** After the moment in which the page brings the face, and long enough for it to have come. */
async function settled(page: Page): Promise<void> {
  // Asked from outside: the page's policy lets nobody wait inside it with a text for a script.
  const painted = () => page.evaluate(`performance.getEntriesByName('first-contentful-paint').length > 0`)
  await eventually('the first paint', async () => (await painted()) === true)
  await page.evaluate('new Promise((idle) => requestIdleCallback(idle, { timeout: 4000 }))')
  await page.waitForTimeout(1_500)
}

/** The lightest light of the face itself, as relative luminance, in a part of the screen. */
async function lightest(page: Page, left: number, right: number): Promise<number> {
  const picture = (await page.screenshot()).toString('base64')
  return (await page.evaluate(`(async () => {
    const image = new Image()
    image.src = 'data:image/png;base64,${picture}'
    await image.decode()
    const canvas = new OffscreenCanvas(image.width, image.height)
    const context = canvas.getContext('2d')
    context.drawImage(image, 0, 0)
    const scale = image.width / innerWidth
    const { data } = context.getImageData(${left} * scale, 70 * scale, ${right - left} * scale, 480 * scale)
    const part = (value) => value <= 10 ? value / 3294.6 : ((value / 255 + 0.055) / 1.055) ** 2.4
    let most = 0
    for (let at = 0; at < data.length; at += 4)
      most = Math.max(most, 0.2126 * part(data[at]) + 0.7152 * part(data[at + 1]) + 0.0722 * part(data[at + 2]))
    return most
  })()`)) as number
}

describe('the face', () => {
  test('comes after the first paint, and no byte of it before', async () => {
    await using world = await openConsole(browser)
    const { page } = world
    await again(page, ALIVE)
    await canvas(page, 'alive').waitFor({ state: 'attached' })
    const [paint, asked] = (await page.evaluate(`[
      performance.getEntriesByName('first-contentful-paint')[0].startTime,
      performance.getEntriesByType('resource').find(({ name }) => /\\/face-[^/]*\\.js$/.test(name)).startTime,
    ]`)) as [number, number]
    expect(asked).toBeGreaterThan(paint)
    expect(world.complaints).toEqual([])
  })

  test('moves, stops while the page is hidden, and goes on', async () => {
    await using world = await openConsole(browser)
    const { page } = world
    await again(page, ALIVE, COUNT_FRAMES)
    await eventually('it moves', async () => (await frames(page)) > 5, 20_000)
    await page.evaluate(HIDE(true))
    await canvas(page, 'paused').waitFor({ state: 'attached' })
    const before = await frames(page)
    await page.waitForTimeout(700)
    expect(await frames(page)).toBe(before)
    await page.evaluate(HIDE(false))
    await eventually('it moves again', async () => (await frames(page)) > before + 2, 20_000)
  })

  test('is one picture for whoever wants no motion', async () => {
    await using world = await openConsole(browser, { context: { reducedMotion: 'reduce' } })
    const { page } = world
    await again(page, ALIVE, COUNT_FRAMES)
    await canvas(page, 'still').waitFor({ state: 'attached' })
    await eventually('it is drawn', async () => (await frames(page)) > 0)
    await page.waitForTimeout(1_000)
    expect(await frames(page)).toBe(1)
  })

  test('is one picture where no graphics card draws it, unless it was asked for', async () => {
    await using world = await openConsole(browser)
    await canvas(world.page, 'still').waitFor({ state: 'attached' })
  })

  test('is not there when it is switched off, and nothing of it is loaded', async () => {
    await using world = await openConsole(browser)
    const { page } = world
    await again(page, `localStorage.setItem('face', 'off')`)
    await settled(page)
    expect(await page.locator('canvas').count()).toBe(0)
    expect(await faceFiles(page)).toEqual([])
    // The same question has an answer where it is on.
    await again(page, ALIVE)
    await canvas(page, 'alive').waitFor({ state: 'attached' })
    expect(await faceFiles(page)).not.toEqual([])
  })

  test('draws at most thirty frames a second while nothing happens, on a screen that could show more', async () => {
    await using world = await openConsole(browser)
    const { page } = world
    await again(page, ALIVE, COUNT_FRAMES, FAST_SCREEN)
    await eventually('it moves', async () => (await frames(page)) > 5, 20_000)
    const rate = (await page.evaluate(`new Promise((tell) => {
      const [from, start] = [window.frames_drawn, performance.now()]
      setTimeout(() => tell((window.frames_drawn - from) * 1000 / (performance.now() - start)), 2000)
    })`)) as number
    expect(rate).toBeGreaterThan(1)
    expect(rate).toBeLessThanOrEqual(30)
  })

  test('takes the form that was chosen, and is the same face whenever it is chosen again', async () => {
    await using world = await openConsole(browser, { context: { reducedMotion: 'reduce' } })
    const { page } = world
    await again(page, COUNT_FRAMES)
    await canvas(page, 'still').waitFor({ state: 'attached' })
    await eventually('it is drawn', async () => (await frames(page)) > 0)
    await page.evaluate(`document.querySelector('.app').style.opacity = '0'`)
    const pictures: string[] = []
    for (const form of ['face', 'cyber', 'graph', 'face']) {
      const before = await frames(page)
      await page.evaluate(`dispatchEvent(new CustomEvent('ghost:face-form', { detail: '${form}' }))`)
      await page.locator(`canvas[data-form="${form}"]`).waitFor({ state: 'attached' })
      await eventually('it is drawn again', async () => (await frames(page)) > before)
      pictures.push((await page.screenshot()).toString('base64'))
    }
    expect(pictures[3]).toBe(pictures[0])
    expect(new Set(pictures).size).toBe(3)
  })

  test('leaves the page whole without WebGL, and when it is taken away', async () => {
    await using world = await openConsole(browser)
    const { page } = world
    await canvas(page, 'still').waitFor({ state: 'attached' })
    await page.evaluate(
      `document.querySelector('canvas').dispatchEvent(new Event('webglcontextlost', { cancelable: true }))`,
    )
    await page.locator('canvas').waitFor({ state: 'detached' })
    await again(page, 'HTMLCanvasElement.prototype.getContext = () => null')
    await settled(page)
    expect(await page.locator('canvas').count()).toBe(0)
    await say(page, 'hello')
    await ended(page)
    await page.getByText('hello').last().waitFor()
    expect(world.complaints).toEqual([])
  })

  test.each([
    ['a desktop', { width: 1280, height: 800 }],
    ['a phone', { width: 390, height: 844 }],
  ])('is dark enough behind words on %s, also at its lightest', async (_, viewport) => {
    await using world = await openConsole(browser, { context: { viewport } })
    const { page, rig } = world
    await again(page, ALIVE)
    await canvas(page, 'alive').waitFor({ state: 'attached' })
    const hold = gate()
    rig.agent.play('POST /api/chat', sse(hold, delta('words'), stop(), DONE))
    await say(page, 'work')
    await page.getByText('working').waitFor()
    for (let at = 0; at < 8; at += 1) {
      await appendFile(rig.agentLog, '🔧 TOOL CALL : search\n❌ ERROR : it broke\n🧠 THINKING\n')
      await page.waitForTimeout(400)
    }
    await page.evaluate(`document.querySelector('.app').style.opacity = '0'`)
    const column = Math.min(viewport.width, 690)
    const light = await lightest(page, (viewport.width - column) / 2, (viewport.width + column) / 2)
    // #e8edf4 and #8592a6, the colours of answers and of the quietest words.
    expect(0.8986 / (light + 0.05)).toBeGreaterThan(7)
    expect(0.3353 / (light + 0.05)).toBeGreaterThan(4.5)
    hold.open()
    await ended(page)
  })
})
