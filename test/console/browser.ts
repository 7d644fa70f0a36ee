import { readdir, stat } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from 'playwright-core'
import { DONE, delta, sse, stop } from '../rig/answers.ts'
import type { Rig, RigOptions } from '../rig/rig.ts'
import { type Cutter, startCutter } from './cutter.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))

/** Building is the first step of `npm test`, not a test's own. Says so when there is nothing built, or something old. */
export async function builtConsole(): Promise<void> {
  const changed = async (path: string) => (await stat(ROOT + path)).mtimeMs
  const sources = await readdir(`${ROOT}src/console`, { recursive: true })
  const newest = Math.max(
    ...(await Promise.all([
      changed('vite.config.ts'),
      ...sources.map((name) => changed(`src/console/${name}`)),
    ])),
  )
  const built = await changed('dist/console/index.html').catch(() => 0)
  if (built === 0) throw new Error('there is no dist/console: npm run build')
  if (built < newest) console.warn('dist/console is older than its sources: npm run build')
}

/** What Playwright switches off, of which the last list counts, and pages of the browser's own that every window would bring with it. */
const SWITCHED_OFF = [
  'AvoidUnnecessaryBeforeUnloadCheckSync',
  'DestroyProfileOnBrowserClose',
  'HttpsUpgrades',
  'HttpsFirstBalancedModeAutoEnable',
  'LensOverlay',
  'MediaRouter',
  'PaintHolding',
  'ThirdPartyStoragePartitioning',
  'AvoidCorsURLLoaderRestartOnRedirect',
  'OptimizationHints',
  'NetworkTimeServiceQuerying',
  'AimEnabled',
  'PreconnectToSearch',
  'PreloadTopChromeWebUI',
  'WebUIOmniboxPopup',
  'WebUIOmniboxAimPopup',
  'WebUIOmniboxFullPopup',
]

export function startBrowser(flags: readonly string[] = []): Promise<Browser> {
  return chromium.launch({
    executablePath: process.env.GHOST_CHROMIUM ?? '/usr/bin/chromium',
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      `--disable-features=${SWITCHED_OFF.join()}`,
      ...flags,
    ],
  })
}

/** The console in a browser, before a real gateway and a scripted agent. */
export interface World extends AsyncDisposable {
  readonly rig: Rig
  readonly wire: Cutter
  readonly context: BrowserContext
  readonly page: Page
  /** Everything that any page asked for. */
  readonly requests: readonly string[]
  /** What the page itself complained of: failed scripts and broken policies, not lost connections. */
  readonly complaints: readonly string[]
}

export interface WorldOptions {
  readonly rig?: RigOptions
  readonly context?: BrowserContextOptions
  /** A script that runs in every page before anything of its own. */
  readonly before?: string
}

/** Before anything else: no face, which takes the time that sound and words need from a machine without a graphics card. */
export const noFace = `if (origin !== 'null') localStorage.setItem('face', 'off')
`

/**
 * The words of a page, without its face and without the worker that keeps it: what has to do with neither takes a third
 * less of a machine without a graphics card.
 */
export const WORDS = {
  before: noFace,
  context: { serviceWorkers: 'block' },
} satisfies WorldOptions

export async function openConsole(browser: Browser, options: WorldOptions = {}): Promise<World> {
  const { startRig } = await import('../rig/rig.ts')
  const rig = await startRig(options.rig)
  const wire = await startCutter(rig.port)
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options.context })
  context.setDefaultTimeout(20_000)
  if (options.before) await context.addInitScript({ content: options.before })
  const page = await context.newPage()
  const requests: string[] = []
  const complaints: string[] = []
  context.on('request', (request) => void requests.push(request.url()))
  page.on('pageerror', (error) => void complaints.push(String(error)))
  page.on('console', (message) => {
    const isLostConnection = /ERR_|Failed to load resource|WebSocket connection/.test(message.text())
    if (message.type() === 'error' && !isLostConnection) complaints.push(message.text())
  })
  await page.goto(`${wire.url}/?key=${rig.key}`)
  await page.getByRole('textbox', { name: 'Message' }).waitFor()
  return {
    rig,
    wire,
    context,
    page,
    requests,
    complaints,
    async [Symbol.asyncDispose]() {
      await context.close()
      await wire.close()
      await rig[Symbol.asyncDispose]()
    },
  }
}

export async function say(page: Page, text: string): Promise<void> {
  await page.getByRole('textbox', { name: 'Message' }).fill(text)
  await page.getByRole('button', { name: 'Send' }).click()
}

/** Asks, and has the agent answer with these events before it ends well. */
export async function answerWithEvents({ rig, page }: World, ...events: readonly string[]): Promise<void> {
  rig.agent.play('POST /api/chat', sse(...events, stop(), DONE))
  await say(page, 'go')
  await ended(page)
}

/** The same with a text, whole. */
export const answerWith = (world: World, text: string): Promise<void> => answerWithEvents(world, delta(text))

/** The answers on the page, as text without their feet. */
export async function answers(page: Page): Promise<string[]> {
  const all = await page
    .getByRole('log', { name: 'Conversation' })
    .getByRole('article', { name: 'Agent' })
    .all()
  return Promise.all(
    all.map(async (article) => (await article.locator('.words').allTextContents()).join('').trim()),
  )
}

/** Resolves when the last answer has ended. */
export async function ended(page: Page): Promise<void> {
  await page.locator('article[aria-label="Agent"][aria-busy="false"]').last().waitFor()
  await page.getByRole('button', { name: 'Stop' }).waitFor({ state: 'detached' })
}
