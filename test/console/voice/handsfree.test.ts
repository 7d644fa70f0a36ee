import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import type { Voice } from '../../../src/voice/voice.ts'
import { eventually } from '../../rig/wait.ts'
import { heardShare } from '../../voice/sounds.ts'
import { builtConsole, noFace, openConsole } from '../browser.ts'
import { startListeningBrowser, tracks, watchTracks } from './page.ts'
import { spoken, startRealVoice } from './spoken.ts'

vi.setConfig({ testTimeout: 180_000 })

const SENTENCES = [
  'Please open the window in the kitchen.',
  'What will the weather be like tomorrow?',
  'Tell me the name of the first president.',
  'I would like to read the morning news.',
  'How many people are waiting in the room?',
]
// Twice: of what is said first up to a fifth fewer words are heard than of the same said again, on a quiet machine too.
const SAID = [...SENTENCES, ...SENTENCES]

let voice: Voice
beforeAll(async () => {
  await builtConsole()
  voice = await startRealVoice()
}, 120_000)
const closing: (() => Promise<void>)[] = []
afterAll(async () => {
  await voice.close()
  for (const close of closing) await close()
})

async function browserThatHears(wav: Buffer) {
  const browser = await startListeningBrowser(wav)
  closing.push(() => browser.close())
  return browser
}

const before = `${noFace}localStorage.setItem('ghost.voice', '{"spoken":"never","isAtOnce":true}')`

test('ten spoken sentences reach the agent, each as one message, with four words of five right', async () => {
  const browser = await browserThatHears(await spoken(voice, SAID, 3))
  await using world = await openConsole(browser, { before, rig: { env: { GHOST_VOICE_URL: voice.url } } })
  const { rig, page } = world
  await page.getByRole('button', { name: 'Hands-free' }).click()
  await page.getByText('hands-free · say something').waitFor({ timeout: 60_000 })
  await rig.agent.called('POST /api/chat', 1)
  await eventually('ten questions', async () => rig.agent.callsOf('POST /api/chat').length >= 10, 90_000)
  const said = await Promise.all(
    rig.agent.callsOf('POST /api/chat').map(async (call) => {
      const { messages } = (await call.json()) as { messages: { content: string }[] }
      return messages.at(-1)?.content ?? ''
    }),
  )
  expect(said).toHaveLength(10)
  const share = heardShare(SAID.join(' '), said.join(' '))
  expect(share, JSON.stringify(said)).toBeGreaterThanOrEqual(0.8)
  const own = new URL(world.wire.url).host
  expect(
    world.requests.filter(
      (url) => !url.startsWith('data:') && !url.startsWith('blob:') && new URL(url).host !== own,
    ),
  ).toEqual([])
  expect(world.complaints).toEqual([])
})

test('loads nothing of it before it is wanted, and closes the microphone when it is switched off', async () => {
  const browser = await browserThatHears(await spoken(voice, SENTENCES.slice(0, 1), 30))
  await using world = await openConsole(browser, { before: watchTracks })
  const { page } = world
  // What the page itself asked for; the service worker keeps the small parts for when there is no network.
  const loaded = await page.evaluate<string[]>(
    'performance.getEntriesByType("resource").map(({ name }) => name)',
  )
  expect(loaded.filter((url) => /detector|voice\.svelte|VoicePanel/.test(url))).toEqual([])
  expect(world.requests.filter((url) => url.includes('detector'))).toEqual([])
  const button = page.getByRole('button', { name: 'Hands-free' })
  await button.click()
  await page.getByText('hands-free · say something').waitFor({ timeout: 60_000 })
  expect(world.requests.filter((url) => /\.(wasm|onnx)$/.test(url))).toHaveLength(2)
  expect(await tracks(page)).toEqual(['live'])
  await button.click()
  await eventually('it is closed', async () => (await tracks(page)).every((state) => state === 'ended'))
  expect(await button.getAttribute('aria-pressed')).toBe('false')
})
