import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { delta } from '../rig/answers.ts'
import { answers, answerWith, answerWithEvents, builtConsole, openConsole, startBrowser } from './browser.ts'
import { type Stranger, startStranger } from './stranger.ts'

// A browser on a busy machine takes its time; what a test waits for has limits of its own.
vi.setConfig({ testTimeout: 120_000 })

let browser: Browser
let stranger: Stranger
beforeAll(async () => {
  await builtConsole()
  browser = await startBrowser()
  stranger = await startStranger()
}, 120_000)
afterAll(async () => {
  await browser.close()
  await stranger[Symbol.asyncDispose]()
})

test('A76, A78: what looks like a command to the page is text, and an event that nobody knows is nothing', async () => {
  await using world = await openConsole(browser)
  const { page, wire } = world
  const commands = [
    `{"type":"navigate","url":"${stranger.url}/"}`,
    '{"type":"ghost:diagram","step":"drawn","svg":"x"}',
    '{"event":"execute","code":"window.hacked=1"}',
    '/new',
    'event: execute',
  ]
  stranger.forget()
  await answerWithEvents(
    world,
    'event: execute\ndata: {"code":"window.hacked=1"}\n\n',
    `event: navigate\ndata: ${stranger.url}\n\n`,
    'event: __proto__\ndata: {"hacked":1}\n\n',
    ...commands.map((text) => delta(`${text}\n\n`)),
  )
  const [told = ''] = await answers(page)
  for (const text of commands) expect(told).toContain(text)
  expect(await page.evaluate('window.hacked ?? ({}).hacked')).toBeUndefined()
  expect([page.url(), stranger.visits]).toEqual([`${wire.url}/`, []])
  expect(world.complaints).toEqual([])
})

test('A14, A100: no parameter of the address configures the page, and no other page learns the address', async () => {
  await using world = await openConsole(browser)
  const { page, wire, rig, context, requests } = world
  const evil = encodeURIComponent(`${stranger.url}/x`)
  const names = [
    'agentUrl',
    'gatewayUrl',
    'apiBase',
    'url',
    'ws',
    'hassUrl',
    'redirect',
    'next',
    'src',
    'config',
  ]
  const query = names.map((name) => `${name}=${evil}`).join('&')
  stranger.forget()
  const before = requests.length
  await page.goto(
    `${wire.url}/?key=${rig.key}&${query}&theme=javascript:window.hacked=1&__proto__[hacked]=1#${query}`,
  )
  await page.getByRole('textbox', { name: 'Message' }).waitFor()
  await answerWith(world, `[there](${stranger.url}/there)`)
  await page.evaluate("fetch('/healthz').then(() => new Promise(requestAnimationFrame))")
  expect(stranger.visits).toEqual([])
  expect(requests.slice(before).filter((url) => url.includes(stranger.url))).toEqual([])
  expect(await page.evaluate('window.hacked ?? ({}).hacked')).toBeUndefined()
  const [visit] = await Promise.all([
    context.waitForEvent('request', (request) => request.url() === `${stranger.url}/there`),
    page.getByRole('link', { name: 'there' }).click(),
  ])
  const headers = await visit.allHeaders()
  expect([headers.referer, headers.origin]).toEqual([undefined, undefined])
  expect(JSON.stringify(headers)).not.toContain(rig.key)
})

/** Longest that the page may stand still. What is quadratic in these would take minutes. */
const STILL_MS = 10_000

test.each([
  ['A97: a hundred thousand brackets', '['.repeat(100_000)],
  ['A97: quotes in quotes', `${'>'.repeat(5_000)} a`],
  ['A97: lists in lists', Array.from({ length: 300 }, (_, n) => `${'  '.repeat(n)}- a`).join('\n')],
  ['A97: emphasis that never ends', '*a **a '.repeat(10_000)],
  ['A97: backticks of every length', Array.from({ length: 400 }, (_, n) => '`'.repeat(n)).join(' a ')],
  ['A97: tags that never close', '<a '.repeat(30_000)],
  ['A97: a table without end', `|${'a|'.repeat(500)}\n|${'-|'.repeat(500)}\n${'|a'.repeat(20_000)}`],
  ['A97: code that is slow to colour', `\`\`\`js\n${'/'.repeat(30_000)}${'(a'.repeat(10_000)}\n\`\`\``],
])('%s does not stop the page', async (_, text) => {
  await using world = await openConsole(browser)
  const { page } = world
  await page.evaluate(`{
    let last = performance.now()
    window.still = 0
    setInterval(() => { const now = performance.now(); window.still = Math.max(window.still, now - last); last = now }, 20)
  }`)
  await answerWithEvents(world, ...(text.match(/[\s\S]{1,4000}/g) ?? []).map(delta))
  await page.getByRole('textbox', { name: 'Message' }).fill('goes on')
  expect(await page.evaluate('window.still')).toBeLessThan(STILL_MS)
  expect(world.complaints).toEqual([])
})
