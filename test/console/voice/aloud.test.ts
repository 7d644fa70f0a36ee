import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { DONE, delta, hello, sse, stop } from '../../rig/answers.ts'
import { eventually, gate } from '../../rig/wait.ts'
import { builtConsole, ended, say, type WorldOptions } from '../browser.ts'
import { longestTask } from '../mainthread.ts'
import { startListeningBrowser } from './page.ts'
import { asked, caption, openSpeaking, sounding, soundsOf } from './sounds.ts'
import { tone } from './tone.ts'

vi.setConfig({ testTimeout: 90_000 })

let browser: Browser
beforeAll(async () => {
  await builtConsole()
  browser = await startListeningBrowser(tone(1))
}, 120_000)
afterAll(() => browser.close())

const open = (options: WorldOptions = {}) => openSpeaking(browser, options)

test('speaks while the answer is still being written, one sentence after the other', async () => {
  await using world = await open()
  const { rig, page } = world
  const door = gate()
  rig.voice.play('POST /tts', sounding(1.5))
  rig.agent.play(
    'POST /api/chat',
    sse(
      delta('It is **3.5** miles, e.g. By car. See [the map'),
      delta('](https://example.com). Third '),
      door,
      delta('one.\n\n```sh\nrm x\n```\n'),
      stop(),
      DONE,
    ),
  )
  await say(page, 'go')
  await caption(page, 'It is 3.5 miles, e.g. By car.').waitFor()
  await rig.voice.called('POST /tts', 2)
  expect(await asked(rig)).toEqual(['It is 3.5 miles, e.g. By car.', 'See the map.'])
  door.open()
  await ended(page)
  await rig.voice.called('POST /tts', 3)
  expect((await asked(rig)).at(-1)).toBe('Third one.')
  const sounds = () => soundsOf(page)
  await eventually('the last sound', async () => (await sounds()).filter((it) => it.ended).length === 3)
  const began = (await sounds()).map((it) => it.began)
  // Each is as long as this, so none of them began before the one before had ended.
  for (const [at, time] of began.slice(1).entries())
    expect(time - (began[at] ?? Number.NaN)).toBeGreaterThan(1_450)
  await page.getByRole('button', { name: 'Quiet' }).waitFor({ state: 'detached' })
  expect(world.complaints).toEqual([])
})

test('is silent within 150 ms of Escape, and stays so', async () => {
  await using world = await open()
  const { rig, page } = world
  rig.voice.play('POST /tts', sounding(20))
  const door = gate()
  rig.agent.play(
    'POST /api/chat',
    sse(delta('First one. Second one. Third one. '), door, delta('Fourth one. Fifth.'), stop(), DONE),
    hello,
  )
  await say(page, 'go')
  await caption(page, 'First one.').waitFor()
  await rig.voice.called('POST /tts', 2)
  const longest = await longestTask(page, async () => {
    await page.keyboard.press('Escape')
    await caption(page, 'First one.').waitFor({ state: 'detached' })
  })
  const [sound] = await soundsOf(page)
  expect(sound?.isOfPress).toBe(true)
  expect(longest).toBeLessThan(150)
  // The answer itself went on, and nothing of it comes late: the next sound is of the next answer.
  door.open()
  await ended(page)
  await say(page, 'and now')
  await caption(page, 'hello').waitFor()
  expect(await soundsOf(page)).toHaveLength(2)
  expect(await asked(rig)).toEqual(['First one.', 'Second one.', 'hello'])
})

test('goes on after a reload and says nothing twice', async () => {
  await using world = await open()
  const { rig, page } = world
  const door = gate()
  rig.voice.play('POST /tts', sounding(1))
  rig.agent.play(
    'POST /api/chat',
    sse(delta('First one. Second one. Third one. Fourth '), door, delta('one.'), stop(), DONE),
    hello,
  )
  await say(page, 'go')
  await caption(page, 'Second one.').waitFor()
  const before = (await asked(rig)).length
  await page.reload()
  await caption(page, 'Third one.').waitFor()
  door.open()
  await caption(page, 'Fourth one.').waitFor()
  expect((await asked(rig)).slice(before).filter((text) => /First|Second/.test(text))).toEqual([])
  await caption(page, 'Fourth one.').waitFor({ state: 'detached' })
  const whole = (await asked(rig)).length
  await page.reload()
  await ended(page)
  await say(page, 'and now')
  await caption(page, 'hello').waitFor()
  expect((await asked(rig)).slice(whole)).toEqual(['hello'])
})

test('says once that there is nobody to speak', async () => {
  await using world = await open({ rig: { config: { voiceUrl: undefined } } })
  const { page } = world
  const notice = page.getByRole('status', { name: 'Notice' }).getByText(/answers are not spoken/)
  await say(page, 'one')
  await notice.waitFor()
  await page.getByRole('button', { name: 'Dismiss' }).click()
  await ended(page)
  await say(page, 'two')
  await ended(page)
  expect(world.requests.filter((url) => url.endsWith('/api/tts'))).toHaveLength(1)
  expect(await notice.count()).toBe(0)
})

test('measures how long it took until something was heard, and shows it', async () => {
  await using world = await open()
  const { rig, page } = world
  rig.voice.play('POST /tts', sounding(30))
  await say(page, 'one')
  await caption(page, 'hello').waitFor()
  await page.getByRole('button', { name: 'Settings' }).click()
  await page.getByText(/^\d+\.\d s after the question, \d+\.\d s after a sentence$/).waitFor()
})
