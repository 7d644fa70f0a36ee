import { AxeBuilder } from '@axe-core/playwright'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { json } from '../../rig/answers.ts'
import { eventually, gate } from '../../rig/wait.ts'
import { builtConsole, noFace, openConsole, say } from '../browser.ts'
import { hold, startListeningBrowser } from './page.ts'
import { caption, openSpeaking, sounding } from './sounds.ts'
import { tone } from './tone.ts'

vi.setConfig({ testTimeout: 90_000 })

let browser: Browser
beforeAll(async () => {
  await builtConsole()
  browser = await startListeningBrowser(tone(60))
}, 120_000)
afterAll(() => browser.close())

const SCREENS = [
  ['a desktop', {}],
  ['a phone', { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }],
] as const

async function expectNothing(page: Page, state: string): Promise<void> {
  const { violations } = await new AxeBuilder({ page }).analyze()
  const found = violations.map(({ id, nodes }) => ({ id, where: nodes.map((it) => it.html.slice(0, 160)) }))
  expect([state, found]).toEqual([state, []])
}

describe.each(SCREENS)('axe finds nothing on %s', (_, context) => {
  test('while it listens, writes down, and shows what was heard', async () => {
    await using world = await openConsole(browser, { before: noFace, context })
    const { rig, page } = world
    const door = gate()
    rig.voice.play('POST /stt', async (call) => {
      await call.read()
      await door.opened
      call.head(200, { 'content-type': 'application/json' })
      call.end('{"text":"what is the time"}')
    })
    await hold(page, 'Talk')
    await page.getByText('let go when you are done').waitFor()
    await page.getByRole('timer', { name: 'Recorded' }).getByText(/[1-9]/).waitFor()
    await expectNothing(page, 'listening')
    await page.mouse.up()
    await page.getByText('writing down what you said').waitFor()
    await expectNothing(page, 'writing down')
    door.open()
    const heard = page.getByRole('textbox', { name: 'What was heard' })
    await heard.focus() // It would be sent while it is looked at.
    await expectNothing(page, 'transcript')
    expect(await heard.inputValue()).toBe('what is the time')
  })

  test('while it speaks, and in the settings with what it spoke with', async () => {
    await using world = await openSpeaking(browser, { context })
    const { rig, page } = world
    rig.voice.play('POST /tts', sounding(60))
    const missing = 'nothing here can hear: apt-get install pocketsphinx'
    rig.voice.play(
      'GET /',
      json(200, { stt: { state: 'off', detail: missing }, tts: { state: 'up', engine: 'flite' } }),
    )
    await eventually('its engines are known', async () =>
      (await (await rig.fetch('/readyz')).text()).includes(missing),
    )
    await say(page, 'go')
    await caption(page, 'hello').waitFor()
    await expectNothing(page, 'speaking')
    await page.getByRole('button', { name: 'Settings' }).click()
    await page.getByText(missing).waitFor()
    await page.getByText('speaks with flite').waitFor()
    await page.getByText(/after the question/).waitFor()
    await expectNothing(page, 'settings')
  })

  test('where there is no microphone, before and after it was asked for', async () => {
    const before = `${noFace}; navigator.mediaDevices.enumerateDevices = async () => []`
    await using world = await openConsole(browser, { before, context })
    const { page } = world
    const talk = page.getByRole('button', { name: 'Talk', exact: true })
    await talk.and(page.locator('[aria-disabled="true"]')).waitFor()
    await expectNothing(page, 'no microphone')
    await talk.click({ force: true })
    await page.getByRole('status', { name: 'Notice' }).getByText('no microphone was found').waitFor()
    await expectNothing(page, 'no microphone, told')
  })
})
