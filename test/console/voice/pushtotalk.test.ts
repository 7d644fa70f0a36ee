import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { json } from '../../rig/answers.ts'
import { eventually } from '../../rig/wait.ts'
import { builtConsole, ended, openConsole, WORDS, type WorldOptions } from '../browser.ts'
import { hold, startListeningBrowser, tracks, watchTracks } from './page.ts'
import { readWav, tone } from './tone.ts'

vi.setConfig({ testTimeout: 90_000 })

let browser: Browser
beforeAll(async () => {
  await builtConsole()
  browser = await startListeningBrowser(tone(20))
}, 120_000)
afterAll(() => browser.close())

const open = (options: WorldOptions = {}) =>
  openConsole(browser, { ...WORDS, before: watchTracks, ...options })
const box = (page: Page) => page.getByRole('textbox', { name: 'What was heard' })
const talk = (page: Page) => page.getByRole('button', { name: 'Talk', exact: true })
const notice = (page: Page) => page.getByRole('status', { name: 'Notice' })

/** Somebody speaks for a while. */
async function speak(page: Page): Promise<void> {
  await page.getByText(/when you are done/).waitFor()
  await page.getByRole('timer', { name: 'Recorded' }).getByText(/[1-9]/).waitFor()
}

async function say(page: Page): Promise<void> {
  await hold(page, 'Talk')
  await speak(page)
  await page.mouse.up()
}

describe('holding Talk', () => {
  test('shows a level at once, sends a wave file, shows the words, and sends them', async () => {
    await using world = await open()
    const { rig, page } = world
    rig.voice.play('POST /stt', json(200, { text: 'what is the time' }))
    await hold(page, 'Talk')
    const meter = page.getByRole('meter', { name: 'Microphone level' })
    await eventually('a level', async () => Number(await meter.getAttribute('aria-valuenow')) > 20)
    await speak(page)
    expect(await tracks(page)).toEqual(['live'])
    await page.mouse.up()
    await eventually('the words', async () => (await box(page).inputValue()) === 'what is the time')
    expect(await tracks(page)).toEqual(['ended'])
    expect(rig.agent.callsOf('POST /api/chat')).toHaveLength(0)
    const { bytes } = await (await rig.voice.called('POST /stt')).read()
    expect(bytes.toString('latin1')).toMatch(
      /name="file"; filename="speech.wav"\r\nContent-Type: audio\/wav/i,
    )
    const wav = readWav(bytes.subarray(bytes.indexOf('RIFF'), bytes.lastIndexOf('\r\n--')))
    expect(wav).toMatchObject({ marks: ['RIFF', 'WAVE', 'data'], channels: 1, rate: 16_000, bits: 16 })
    expect(wav.sizes).toEqual([36 + wav.samples.length * 2, wav.samples.length * 2])
    expect(wav.samples.length).toBeGreaterThan(16_000 * 0.7)
    expect(wav.peak).toBeGreaterThan(0.1)
    await ended(page)
    const asked = await (await rig.agent.called('POST /api/chat')).json()
    expect(asked).toMatchObject({ messages: [{ role: 'user', content: 'what is the time' }] })
    expect(world.complaints).toEqual([])
  })

  test('can be done with Space, which stays a space for whoever types', async () => {
    await using world = await open()
    const { rig, page } = world
    const message = page.getByRole('textbox', { name: 'Message' })
    await message.press('Space')
    expect(await message.inputValue()).toBe(' ')
    expect(await tracks(page)).toEqual([])
    await message.blur()
    await page.keyboard.down('Space')
    await speak(page)
    await page.keyboard.up('Space')
    await rig.voice.called('POST /stt')
    expect(await tracks(page)).toEqual(['ended'])
  })

  test('let go before the microphone is open leaves nothing recording, and says so', async () => {
    await using world = await open()
    const { page } = world
    await page.evaluate('void (watched.door = new Promise((open) => { watched.open = open }))')
    await hold(page, 'Talk')
    await page.getByText('allow the microphone').waitFor()
    await page.mouse.up()
    await notice(page).getByText('nothing was recorded').waitFor()
    await page.evaluate('watched.open()')
    await eventually('the track', async () => (await tracks(page)).length === 1)
    await eventually('it is closed', async () => (await tracks(page)).every((state) => state === 'ended'))
    expect(await talk(page).getAttribute('aria-pressed')).toBe('false')
  })

  test('is ended by Escape: the microphone is closed, and nobody hears of it', async () => {
    await using world = await open()
    const { rig, page } = world
    await hold(page, 'Talk')
    await speak(page)
    await page.keyboard.press('Escape')
    expect(await tracks(page)).toEqual(['ended'])
    await page.mouse.up()
    await talk(page).and(page.locator('[aria-pressed="false"]')).waitFor()
    expect(rig.voice.callsOf('POST /stt')).toHaveLength(0)
  })
})

test('Enter on Talk begins, and ends with the next one', async () => {
  await using world = await open()
  const { rig, page } = world
  await talk(page).press('Enter')
  await page.getByText('tap again when you are done').waitFor()
  await speak(page)
  await talk(page).press('Enter')
  await rig.voice.called('POST /stt')
  expect(await tracks(page)).toEqual(['ended'])
})

describe('the words', () => {
  test('wait while they are corrected, and go corrected', async () => {
    await using world = await open()
    const { rig, page } = world
    rig.voice.play('POST /stt', json(200, { text: 'recognise peach' }))
    await page.clock.install()
    await say(page)
    await box(page).fill('recognise speech')
    await page.clock.runFor(4_000) // Longer than they wait for nobody.
    expect(rig.agent.callsOf('POST /api/chat')).toHaveLength(0)
    await box(page).press('Enter')
    const asked = await (await rig.agent.called('POST /api/chat')).json()
    expect(asked).toMatchObject({ messages: [{ content: 'recognise speech' }] })
  })

  test('go nowhere when they are cancelled', async () => {
    await using world = await open()
    const { rig, page } = world
    await page.clock.install()
    await say(page)
    await box(page).waitFor()
    await page.getByRole('button', { name: 'Cancel' }).click()
    await box(page).waitFor({ state: 'detached' })
    await page.clock.runFor(4_000)
    expect(rig.agent.callsOf('POST /api/chat')).toHaveLength(0)
  })

  test('that the voice server refuses are told of with its own words', async () => {
    await using world = await open()
    const { rig, page } = world
    rig.voice.play('POST /stt', json(500, { error: 'the model is out of memory' }))
    await say(page)
    await notice(page).getByText('the model is out of memory').waitFor()
    expect(await tracks(page)).toEqual(['ended'])
  })

  test('cannot be had without a voice server, which is said', async () => {
    await using world = await open({
      rig: { config: { voiceUrl: undefined } },
      before: 'delete window.webkitSpeechRecognition; delete window.SpeechRecognition',
    })
    await say(world.page)
    await notice(world.page).getByText('This browser cannot listen by itself either').waitFor()
  })
})

describe('why there is no microphone is said by the button', () => {
  test.each<[string, string, string]>([
    [
      'on a page without TLS',
      'only to pages over https',
      'Object.defineProperty(window, "isSecureContext", { value: false })',
    ],
    [
      'without one in the machine',
      'no microphone was found',
      'navigator.mediaDevices.enumerateDevices = async () => []',
    ],
  ])('%s', async (_, why, before) => {
    await using world = await open({ before })
    const { page } = world
    for (const name of ['Talk', 'Hands-free']) {
      const button = page.getByRole('button', { name, exact: true })
      await button.and(page.locator('[aria-disabled="true"]')).waitFor()
      expect(await button.getAttribute('title')).toContain(why)
      await button.click({ force: true }) // It is disabled for whoever reads it out, and still says why.
      await notice(page).getByText(why).waitFor()
      await page.getByRole('button', { name: 'Dismiss' }).click()
    }
  })

  test('when it is refused', async () => {
    await using world = await open({
      before:
        'navigator.mediaDevices.getUserMedia = async () => { throw new DOMException("no", "NotAllowedError") }',
    })
    await hold(world.page, 'Talk')
    await notice(world.page).getByText('the microphone is not allowed here').waitFor()
    await world.page.mouse.up()
  })
})
