import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { eventually } from '../../rig/wait.ts'
import { builtConsole, ended, openConsole, say } from '../browser.ts'
import { hold, startListeningBrowser } from './page.ts'
import { pulses } from './tone.ts'

vi.setConfig({ testTimeout: 120_000 })

/** Loud and silent in turns. */
const SPOKEN = pulses(3, 1.5)
const HEARD = pulses(20, 1.5)

let browser: Browser
beforeAll(async () => {
  await builtConsole()
  browser = await startListeningBrowser(HEARD)
}, 120_000)
afterAll(() => browser.close())

/** Writes down everything that the graphics card is told of how loud it is. Small, for whoever has none. */
const watchFace = `
  localStorage.setItem('face', 'on')
  localStorage.setItem('ghost.voice', '{"spoken":"always"}')
  globalThis.drawn = { voice: [], ear: [] }
  const names = new WeakMap()
  const { prototype } = WebGL2RenderingContext
  const { getUniformLocation, uniform1f } = prototype
  prototype.getUniformLocation = function (program, name) {
    const location = getUniformLocation.call(this, program, name)
    if (location) names.set(location, name)
    return location
  }
  prototype.uniform1f = function (location, value) {
    const series = drawn[names.get(location)]
    if (series && series.length < 10_000) series.push(value)
    return uniform1f.call(this, location, value)
  }`
const context = { viewport: { width: 360, height: 480 } }

type Part = 'voice' | 'ear'
const drawn = (page: Page, part: Part) => page.evaluate<number[]>(`drawn.${part}`)
const now = async (page: Page, part: Part) => (await drawn(page, part)).at(-1) ?? 0

const LOUD = 0.15
const QUIET = 0.05
/** How often it became loud after it had been quiet. */
function rises(series: readonly number[]): number {
  let isQuiet = true
  let count = 0
  for (const value of series) {
    if (isQuiet && value > LOUD) count += 1
    isQuiet = isQuiet ? value <= LOUD : value < QUIET
  }
  return count
}

async function open() {
  const world = await openConsole(browser, { before: watchFace, context })
  await world.page.locator('canvas[data-state="alive"]').waitFor({ state: 'attached' })
  return world
}

describe('the face moves', () => {
  test('with every rise and fall of the voice, and is at rest when it is over', async () => {
    await using world = await open()
    const { rig, page } = world
    rig.voice.play('POST /tts', async (call) => {
      await call.read()
      call.head(200, { 'content-type': 'audio/wav' })
      call.end(SPOKEN)
    })
    expect(Math.max(0, ...(await drawn(page, 'voice')))).toBe(0)
    await say(page, 'go')
    await page.getByRole('button', { name: 'Quiet' }).waitFor()
    await ended(page)
    await page.getByRole('button', { name: 'Quiet' }).waitFor({ state: 'detached' })
    await eventually('it is at rest', async () => (await now(page, 'voice')) < 0.01)
    expect(rises(await drawn(page, 'voice'))).toBe(3)
    expect(Math.max(0, ...(await drawn(page, 'ear')))).toBe(0)
  })

  test('with every rise and fall of what the microphone hears, as long as it is open', async () => {
    await using world = await open()
    const { page } = world
    expect(Math.max(0, ...(await drawn(page, 'ear')))).toBe(0)
    await hold(page, 'Talk')
    await eventually('three rises', async () => rises(await drawn(page, 'ear')) >= 3, 30_000)
    await page.keyboard.press('Escape')
    await page.mouse.up()
    await eventually('it is at rest', async () => (await now(page, 'ear')) < 0.01)
    expect(Math.max(0, ...(await drawn(page, 'voice')))).toBe(0)
  })
})
