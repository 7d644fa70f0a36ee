import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { DONE, delta, json, sse, stop } from '../../rig/answers.ts'
import type { Rig } from '../../rig/rig.ts'
import type { Script } from '../../rig/upstream.ts'
import { eventually, gate, within } from '../../rig/wait.ts'
import { builtConsole, ended, say } from '../browser.ts'
import { startListeningBrowser } from './page.ts'
import { asked, openSpeaking, sounding, soundsOf } from './sounds.ts'
import { tone } from './tone.ts'

vi.setConfig({ testTimeout: 90_000 })

let browser: Browser
beforeAll(async () => {
  await builtConsole()
  browser = await startListeningBrowser(tone(1))
}, 120_000)
afterAll(() => browser.close())

const TEXT = ['First one.', 'Second one.', 'Third one.', 'Fourth one.', 'Fifth one.']
/** Each sentence is told from the others by how long it sounds. */
const secondsOf = (sentence: string) => 0.3 + TEXT.indexOf(sentence) / 10
const sentenceOf = (seconds: number) => TEXT[Math.round((seconds - 0.3) * 10)]

/** Says everything, but for what is said of a sentence: that one is answered by these scripts first. */
function speaking(rig: Rig, of: string, ...scripts: readonly Script[]): void {
  const left = [...scripts]
  rig.voice.play('POST /tts', async (call) => {
    const { text } = (await call.json()) as { text: string }
    const other = text === of ? left.shift() : undefined
    await (other ?? sounding(secondsOf(text)))(call)
  })
}

async function ask(rig: Rig, page: Page): Promise<void> {
  rig.agent.play('POST /api/chat', sse(...TEXT.map((text) => delta(`${text} `)), stop(), DONE))
  await say(page, 'go')
  await ended(page)
}

const over = async (page: Page) => (await soundsOf(page)).filter((it) => it.ended)
const soundsOver = (page: Page, count: number) =>
  eventually(`${count} sounds are over`, async () => (await over(page)).length === count)
const heard = async (page: Page) => (await soundsOf(page)).map(({ seconds }) => sentenceOf(seconds))

/** The order of the text, and never two at once. */
async function expectInOrder(page: Page): Promise<void> {
  await soundsOver(page, TEXT.length)
  await page.getByRole('button', { name: 'Quiet' }).waitFor({ state: 'detached' })
  expect(await heard(page)).toEqual(TEXT)
  let free = 0
  for (const { began, seconds } of await soundsOf(page)) {
    expect(began).toBeGreaterThan(free)
    free = began + seconds * 1_000 - 50
  }
}

const failing = json(500, { error: 'out of memory' })

describe('the order in which it is spoken is the order of the text', () => {
  test('when the voice server is slow with a sentence', async () => {
    await using world = await openSpeaking(browser)
    const { rig, page } = world
    const door = gate()
    speaking(rig, 'Second one.', async (call) => {
      await door.opened
      await sounding(secondsOf('Second one.'))(call)
    })
    await ask(rig, page)
    await rig.voice.called('POST /tts', 2)
    await soundsOver(page, 1)
    expect(await heard(page)).toEqual(['First one.'])
    door.open()
    await expectInOrder(page)
    expect(await asked(rig)).toEqual(TEXT)
  })

  test('when it fails with one at first', async () => {
    await using world = await openSpeaking(browser)
    const { rig, page } = world
    speaking(rig, 'Third one.', failing, failing)
    await ask(rig, page)
    await expectInOrder(page)
    expect(await asked(rig)).toEqual(TEXT.toSpliced(2, 0, 'Third one.', 'Third one.'))
  })

  test('when it hangs with one: nobody waits for it longer than 20 s', async () => {
    await using world = await openSpeaking(browser)
    const { rig, page } = world
    await page.clock.install()
    speaking(rig, 'Third one.', (call) => call.closed)
    await ask(rig, page)
    const hanging = await rig.voice.called('POST /tts', 3)
    await soundsOver(page, 2)
    expect(await asked(rig)).toEqual(TEXT.slice(0, 3))
    await page.clock.fastForward(20_000)
    await within('the request that hung is given up', hanging.closed)
    await expectInOrder(page)
    expect(await asked(rig)).toEqual(TEXT.toSpliced(2, 0, 'Third one.'))
  })

  test('and ends with a word where a sentence fails for good: nothing is left out of the middle', async () => {
    await using world = await openSpeaking(browser)
    const { rig, page } = world
    speaking(rig, 'Third one.', failing, failing, failing)
    await ask(rig, page)
    await page.getByRole('status', { name: 'Notice' }).getByText('the voice stopped').waitFor()
    expect(await heard(page)).toEqual(TEXT.slice(0, 2))
    expect((await asked(rig)).filter((text) => !TEXT.slice(0, 3).includes(text))).toEqual([])
  })
})
