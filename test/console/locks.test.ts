import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { hello } from '../rig/answers.ts'
import { answers, builtConsole, ended, openConsole, say, startBrowser } from './browser.ts'

// A browser on a busy machine takes its time; what a test waits for has limits of its own.
vi.setConfig({ testTimeout: 120_000 })

let browser: Browser
beforeAll(async () => {
  await builtConsole()
  browser = await startBrowser()
}, 120_000)
afterAll(() => browser.close())

/** A browser that needs a second to give a lock that nobody has, and takes back what is asked for meanwhile. */
const SLOW = `
  const request = navigator.locks.request.bind(navigator.locks)
  navigator.locks.request = async (name, options, grant) => {
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    options.signal?.throwIfAborted()
    return request(name, options, grant)
  }
`

/** A page that is busy for so long after it asked that its patience ends before it hears what it was given. */
const BUSY = `
  const request = navigator.locks.request.bind(navigator.locks)
  navigator.locks.request = (...asked) => {
    const given = request(...asked)
    const end = performance.now() + 1_000
    while (performance.now() < end);
    return given
  }
`

test.each([
  ['a browser that is slow to give it', SLOW],
  ['a page that is slow to hear of it', BUSY],
])('a conversation that nobody else has is opened, also by %s', async (_, before) => {
  await using world = await openConsole(browser, { before })
  const { page, rig } = world
  rig.agent.play('POST /api/chat', hello)
  await say(page, 'go')
  await ended(page)
  expect(await answers(page)).toEqual(['hello'])
})
