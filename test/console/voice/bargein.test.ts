import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { DONE, delta, hello, sse, stop } from '../../rig/answers.ts'
import { eventually, type Gate, gate } from '../../rig/wait.ts'
import { builtConsole, ended, say, type World } from '../browser.ts'
import { hold, startListeningBrowser } from './page.ts'
import { asked, caption, openSpeaking, sounding, soundsOf } from './sounds.ts'
import { tone } from './tone.ts'

vi.setConfig({ testTimeout: 90_000 })

let browser: Browser
beforeAll(async () => {
  await builtConsole()
  browser = await startListeningBrowser(tone(1))
}, 120_000)
afterAll(() => browser.close())

const LONG = 20
const SHORT = 0.4
const AFTER = 0.7

interface Stage {
  /** How long the first sentence sounds. */
  readonly first: number
  /** Which request waits behind the door. */
  readonly held: number
  /** It is so far. */
  readonly reached: (world: World) => Promise<unknown>
  readonly heardBefore: number
}

const called = (nth: number) => (world: World) => world.rig.voice.called('POST /tts', nth)
const STAGES: Record<string, Stage> = {
  'while the first sentence is fetched': { first: SHORT, held: 1, reached: called(1), heardBefore: 0 },
  'while one is heard and the next is ready': {
    first: LONG,
    held: 3,
    reached: async (world) => {
      await caption(world.page, 'First one.').waitFor()
      await (await called(2)(world)).played
    },
    heardBefore: 1,
  },
  'while one is heard and the next is fetched': {
    first: LONG,
    held: 2,
    reached: async (world) => {
      await caption(world.page, 'First one.').waitFor()
      await called(2)(world)
    },
    heardBefore: 1,
  },
  'between two': {
    first: SHORT,
    held: 2,
    reached: async (world) => {
      await called(2)(world)
      await eventually('the first is over', async () => (await soundsOf(world.page))[0]?.ended !== undefined)
    },
    heardBefore: 1,
  },
}

const PRESSES: Record<string, (page: Page) => Promise<void>> = {
  Escape: (page) => page.keyboard.press('Escape'),
  Talk: (page) => hold(page, 'Talk'),
}

function play({ rig }: World, { first, held }: Stage, door: Gate, answerDoor: Gate): void {
  let nth = 0
  rig.voice.play('POST /tts', async (call) => {
    nth += 1
    const isHeld = nth === held
    const { text } = (await call.json()) as { text: string }
    if (isHeld && text !== 'hello') await door.opened
    await sounding(text === 'First one.' ? first : text === 'hello' ? AFTER : SHORT)(call)
  })
  rig.agent.play(
    'POST /api/chat',
    sse(delta('First one. Second one. Third one. '), answerDoor, delta('Fourth one. Fifth.'), stop(), DONE),
    hello,
  )
}

describe.each(Object.entries(PRESSES))('%s silences it', (_, press) => {
  test.each(Object.entries(STAGES))('%s, and nothing comes late', async (_, stage) => {
    await using world = await openSpeaking(browser)
    const { rig, page } = world
    const [door, answerDoor] = [gate(), gate()]
    play(world, stage, door, answerDoor)
    await say(page, 'go')
    await stage.reached(world)
    const before = await asked(rig)
    await press(page)
    const sounds = await soundsOf(page)
    expect(sounds).toHaveLength(stage.heardBefore)
    // What was still heard is stopped by the press itself; what was over has stopped nothing.
    if (stage.first === LONG) expect(sounds[0]?.isOfPress).toBe(true)
    await page.getByRole('button', { name: 'Quiet' }).waitFor({ state: 'detached' })
    await page.keyboard.press('Escape') // Nobody listens any more, either.
    await page.mouse.up()
    // What was asked for before comes now, and so does the rest of the answer.
    door.open()
    answerDoor.open()
    await Promise.all(rig.voice.callsOf('POST /tts').map((call) => call.played))
    await ended(page)
    // Sounds are heard in order, so whatever of it were to come would come before this.
    await say(page, 'and now')
    await eventually('the next answer was heard', async () => {
      const last = (await soundsOf(page)).at(-1)
      return last?.ended !== undefined && Math.abs(last.seconds - AFTER) < 0.05
    })
    expect(await soundsOf(page)).toHaveLength(stage.heardBefore + 1)
    expect(await asked(rig)).toEqual([...before, 'hello'])
    expect(world.complaints).toEqual([])
  })
})
