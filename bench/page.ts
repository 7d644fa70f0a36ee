import { chromium, type Page } from 'playwright-core'
import { longestTask } from '../test/console/mainthread.ts'
import { KEY } from './client.ts'
import { type Figures, fixed, inTurn, type Plan, standing } from './rows.ts'
import { gateway } from './subject.ts'

const EVENTS = 8_000
const MANY = 100_000

/** The body of the chat that the page sends, with what the agent is to play put in. */
async function played(page: Page, events: number): Promise<void> {
  await page.unroute('**/api/chat').catch(() => {})
  await page.route('**/api/chat', (route) => {
    const body = { ...(route.request().postDataJSON() as object), play: { events, text: true } }
    return route.continue({ postData: JSON.stringify(body) })
  })
}

async function asked(page: Page): Promise<void> {
  const answers = page.locator('article[aria-label="Agent"]')
  const before = await answers.count()
  await page.getByRole('textbox', { name: 'Message' }).fill('go')
  await page.getByRole('button', { name: 'Send' }).click()
  await answers.nth(before).waitFor()
  await page
    .locator('article[aria-label="Agent"][aria-busy="true"]')
    .waitFor({ state: 'detached', timeout: 120_000 })
}

async function seen(): Promise<Figures> {
  return standing(
    gateway,
    async ({ port }) => {
      const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox'] })
      try {
        const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
        let scripts = 0
        const cdp = await page.context().newCDPSession(page)
        const scriptIds = new Set<string>()
        await cdp.send('Network.enable')
        cdp.on('Network.responseReceived', ({ requestId, type }) => {
          if (type === 'Script') scriptIds.add(requestId)
        })
        cdp.on('Network.loadingFinished', ({ requestId, encodedDataLength }) => {
          if (scriptIds.has(requestId)) scripts += encodedDataLength
        })
        await page.goto(`http://127.0.0.1:${port}/?key=${KEY}`, { waitUntil: 'commit' })
        await page.getByRole('textbox', { name: 'Message' }).waitFor()
        const ready = await page.evaluate('performance.now()')
        const firstScripts = scripts
        await page.waitForLoadState('networkidle')
        const heap = async () => {
          await cdp.send('HeapProfiler.collectGarbage')
          return (await cdp.send('Runtime.getHeapUsage')).usedSize / 1e6
        }
        await played(page, EVENTS)
        const longest = await longestTask(page, () => asked(page))
        const before = await heap()
        await played(page, MANY)
        await asked(page)
        return { ready: Number(ready), scripts: firstScripts / 1024, longest, grown: (await heap()) - before }
      } finally {
        await browser.close()
      }
    },
    { GHOST_INTERFACE_STREAM_CAP: '100000000' },
  )
}

/** k. The page in Chromium: how soon it is there, and what a flood does to it. */
export async function chromiumPage(plan: Plan): Promise<void> {
  const { page: it } = await inTurn({ ...plan, runs: Math.min(plan.runs, 3) }, { page: seen })
  plan.say(
    'k',
    `the page in Chromium: ${fixed(it?.scripts, 0)} KB of scripts until one can write, after ${fixed(it?.ready, 0)} ms; ${EVENTS} events at full speed: longest task ${fixed(it?.longest, 0)} ms of its own time; ${MANY} events in one answer: ${fixed(it?.grown, 0)} MB more in its heap`,
  )
}
