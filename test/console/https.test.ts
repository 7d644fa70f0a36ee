import { writeFile } from 'node:fs/promises'
import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { DONE, delta, sse, stop } from '../rig/answers.ts'
import { makeCertificate } from '../rig/certificate.ts'
import { KEY, startRig } from '../rig/rig.ts'
import { eventually, gate } from '../rig/wait.ts'
import { answers, builtConsole, ended, say, startBrowser } from './browser.ts'

let browser: Browser
beforeAll(async () => {
  await builtConsole()
  browser = await startBrowser()
})
afterAll(() => browser.close())

test('over https the console is a secure context, shows an answer while it comes, and has more than six streams at once', async () => {
  await using certificate = await makeCertificate()
  await using rig = await startRig({ env: certificate.env })
  const rest = gate()
  rig.agent.play('POST /api/chat', sse(delta('half'), rest, delta(' whole'), stop(), DONE))
  const context = await browser.newContext({ ignoreHTTPSErrors: true })
  context.setDefaultTimeout(30_000)
  const page = await context.newPage()
  await page.goto(`${rig.url}/?key=${KEY}`)
  await say(page, 'a question')
  await eventually('the first words', async () => (await answers(page)).includes('half'))
  expect(await page.evaluate('[isSecureContext, location.protocol]')).toEqual([true, 'https:'])
  expect(
    await page.evaluate('performance.getEntriesByType("navigation").map((it) => it.nextHopProtocol)'),
  ).toEqual(['h2'])
  expect(await context.cookies()).toMatchObject([{ name: 'ghost_page', secure: true, httpOnly: true }])
  // Over HTTP/1.1 the seventh waits until another ends: a browser has six connections to a host.
  const opened = await page.evaluate(`Promise.all(Array.from({ length: 20 }, async () => {
    const answer = await fetch('/api/chat', {
      method: 'POST',
      headers: { 'x-ghost-key': '${KEY}' },
      body: '{"messages":[],"stream":true}',
    })
    const { value } = await answer.body.getReader().read()
    return value.length > 0
  }))`)
  expect(opened).toEqual(Array(20).fill(true))
  rest.open()
  await ended(page)
  expect(await answers(page)).toEqual(['half whole'])
  // The log's socket, which is HTTP/1.1 beside it.
  await writeFile(rig.agentLog, 'a line of the log\n')
  await page.getByRole('button', { name: 'Agent log' }).click()
  await page.getByRole('log', { name: 'Agent log' }).getByText('a line of the log').waitFor()
  await context.close()
})
