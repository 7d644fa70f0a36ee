import { readFile } from 'node:fs/promises'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { pack } from '../../src/console/archive.ts'
import { type MessageRecord, newAnswer } from '../../src/console/record.ts'
import { eventually } from '../rig/wait.ts'
import { builtConsole, ended, openConsole, say, startBrowser, type World } from './browser.ts'
import { longestTask } from './mainthread.ts'

// A browser on a busy machine takes its time; what a test waits for has limits of its own.
vi.setConfig({ testTimeout: 120_000 })

const LONGEST_TASK_MS = 100
const MESSAGES = 1_000
const NOW = Date.now()

let browser: Browser
beforeAll(async () => {
  await builtConsole()
  browser = await startBrowser()
}, 120_000)
afterAll(() => browser.close())

const SHAPES = [
  (at: number) => `answer ${at}: ${'some **words** about `things` that go on. '.repeat(12)}`,
  (at: number) =>
    `answer ${at}\n\n\`\`\`ts\n${`const value = call('text', ${at}) // why\n`.repeat(14)}\`\`\``,
  (at: number) =>
    `answer ${at}\n\n| a | b | c |\n|---|---|---|\n${`| ${at} | **two** | three |\n`.repeat(12)}`,
  (at: number) => `## answer ${at}\n\n${`- an item with [a link](https://example.com/${at})\n`.repeat(10)}`,
]

function message(at: number): MessageRecord {
  if (at % 2 === 0) return { role: 'user', id: `m${at}`, at: NOW, text: `question ${at}` }
  const answer = newAnswer(`m${at}`, `k${at}`, NOW)
  answer.said.content = SHAPES[Math.floor(at / 2) % SHAPES.length]?.(at) ?? ''
  answer.ending = { kind: 'done' }
  return answer
}

/** A conversation of a thousand messages, brought by a file as a person would. */
async function openThousand({ page }: World): Promise<void> {
  const conversation = { id: 'a', title: 'the long one', createdAt: NOW, updatedAt: NOW }
  const messages = Array.from({ length: MESSAGES }, (_, at) => message(at))
  await page.getByRole('button', { name: 'Conversations', exact: true }).click()
  await page.locator('input[accept*="json"]').setInputFiles({
    name: 'kept.json',
    mimeType: 'application/json',
    buffer: Buffer.from(pack([{ conversation, messages }])),
  })
  await page.getByText('1 conversation imported').waitFor()
  await page.getByRole('button', { name: /^the long one/ }).click()
  await eventually(
    'all of it is on the page',
    async () => (await page.locator('article').count()) === MESSAGES,
  )
}

describe('a conversation of a thousand messages', () => {
  test('comes from a file, whole, and is scrolled from end to end without a task over 100 ms', async () => {
    await using world = await openConsole(browser)
    const { page } = world
    await openThousand(world)
    const longest = await longestTask(page, async () => {
      await page.evaluate(`new Promise((resolve) => {
        const main = document.querySelector('main')
        const up = () => {
          if (main.scrollTop === 0) return resolve()
          main.scrollTop -= 700
          requestAnimationFrame(up)
        }
        up()
      })`)
    })
    expect(await page.getByText('question 0', { exact: true }).isVisible()).toBe(true)
    expect(longest, 'the longest task in ms').toBeLessThan(LONGEST_TASK_MS)
  })

  test('is asked on with the newest 500, and says how many were not sent', async () => {
    await using world = await openConsole(browser)
    const { page, rig } = world
    await openThousand(world)
    await say(page, 'and now')
    await ended(page)
    await page.getByText(/^the \d+ oldest messages were not sent: a request has a limit$/).waitFor()
    const call = await rig.agent.called('POST /api/chat', 1)
    const { messages } = (await call.json()) as { messages: { role: string; content: string }[] }
    expect(messages.length).toBeLessThanOrEqual(500)
    expect(messages.length).toBeGreaterThan(490)
    expect(messages.at(-1)).toEqual({ role: 'user', content: 'and now' })
    await page.getByText(`the ${MESSAGES + 1 - messages.length} oldest`).waitFor()
  })

  test('is saved as Markdown, with every question and answer in it', async () => {
    await using world = await openConsole(browser)
    const { page } = world
    await openThousand(world)
    const [file] = await Promise.all([
      page.waitForEvent('download'),
      page
        .getByRole('textbox', { name: 'Message' })
        .fill('/export')
        .then(() => page.keyboard.press('Enter')),
    ])
    expect(file.suggestedFilename()).toBe('the long one.md')
    const text = await readFile(await file.path(), 'utf8')
    expect(text).toMatch(/^# the long one\n\n## You\n\nquestion 0\n\n## Agent\n\nanswer 1: /)
    expect(text.match(/^## You$/gm)).toHaveLength(MESSAGES / 2)
    expect(text).toContain('| 5 | **two** | three |')
  })
})
