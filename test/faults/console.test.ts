import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Browser, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { answers, builtConsole, ended, openConsole, say, startBrowser } from '../console/browser.ts'
import { DONE, delta, hello, sse, stop } from '../rig/answers.ts'
import { canCertify, startNginx } from '../rig/nginx.ts'
import { startRig } from '../rig/rig.ts'
import { gate } from '../rig/wait.ts'

// A browser on a busy machine takes its time; what a test waits for has limits of its own.
vi.setConfig({ testTimeout: 90_000 })

let browser: Browser
beforeAll(async () => {
  await builtConsole()
  browser = await startBrowser()
}, 120_000)
afterAll(() => browser.close())

const box = (page: Page) => page.getByRole('textbox', { name: 'Message' })

if (!canCertify) console.log('not tested: seven tabs over HTTP/2, since there is no openssl')

test.skipIf(!canCertify)(
  'F29: with an answer running in each of six tabs a seventh opens, asks and is answered, behind a proxy that speaks HTTP/2',
  async () => {
    await using rig = await startRig()
    await using nginx = await startNginx([rig.port], 'tls')
    const context = await browser.newContext({ ignoreHTTPSErrors: true })
    context.setDefaultTimeout(20_000)
    const end = gate()
    const long = sse(delta('one '), end, delta('two'), stop(), DONE)
    rig.agent.play('POST /api/chat', long, long, long, long, long, long, hello)
    const tabs: Page[] = []
    for (let n = 0; n < 7; n += 1) {
      const tab = await context.newPage()
      await tab.goto(`${nginx.url}/${n === 0 ? `?key=${rig.key}` : ''}`)
      await box(tab).waitFor()
      await say(tab, 'count')
      if (n < 6) await tab.getByText('one', { exact: true }).waitFor()
      tabs.push(tab)
    }
    const [seventh] = tabs.splice(6)
    if (!seventh) throw new Error('there are no seven tabs')
    await ended(seventh)
    expect(await answers(seventh)).toEqual(['hello'])
    end.open()
    for (const tab of tabs) {
      await ended(tab)
      expect(await answers(tab)).toEqual(['one two'])
    }
    await context.close()
  },
)

/** The gateway behind a wire that can say that its worker is another one. */
async function newerWorker(port: number) {
  let isNewer = false
  const server = createServer((asked, response) => {
    const { method, url } = asked
    // Nothing is the same as before.
    const { 'if-none-match': _etag, 'if-modified-since': _date, ...headers } = asked.headers
    const onward = request({ host: '127.0.0.1', port, method, path: url, headers }, async (answer) => {
      const { 'content-length': _, ...kept } = answer.headers
      response.writeHead(answer.statusCode ?? 502, kept)
      if (url !== '/sw.js') return answer.pipe(response)
      for await (const piece of answer) response.write(piece)
      response.end(isNewer ? '\n// newer\n' : '')
    })
    onward.on('error', () => response.destroy())
    asked.pipe(onward)
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    update() {
      isNewer = true
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      await new Promise((closed) => server.close(closed))
    },
  }
}

test('F67: a page whose worker is updated while an answer runs has the whole answer, none of it from a cache, and offers the new version', async () => {
  await using rig = await startRig()
  await using way = await newerWorker(rig.port)
  const context = await browser.newContext()
  context.setDefaultTimeout(20_000)
  const page = await context.newPage()
  const cached: string[] = []
  context.on('response', (it) => {
    if (it.url().includes('/api/') && it.fromServiceWorker()) cached.push(it.url())
  })
  await page.goto(`${way.url}/?key=${rig.key}`)
  await box(page).waitFor()
  await page.evaluate('navigator.serviceWorker.ready.then(() => 0)')
  await page.reload()
  const end = gate()
  rig.agent.play('POST /api/chat', sse(delta('one '), end, delta('two'), stop(), DONE))
  await say(page, 'count')
  await page.getByText('one', { exact: true }).waitFor()
  way.update()
  await page.evaluate('navigator.serviceWorker.getRegistration().then((it) => it.update()).then(() => 0)')
  await page.getByText('a new version of this page is ready').waitFor()
  end.open()
  await ended(page)
  expect(await answers(page)).toEqual(['one two'])
  const loaded = page.waitForEvent('load')
  await page.getByRole('button', { name: 'Reload' }).click()
  await loaded
  await page.getByText('one two').waitFor()
  expect(await answers(page)).toEqual(['one two'])
  expect(rig.agent.callsOf('POST /api/chat')).toHaveLength(1)
  expect(cached).toEqual([])
  await context.close()
})

const forbidden = "{ throw new DOMException('forbidden', 'SecurityError') }"
const STORES = {
  'local and session storage': `for (const name of ['localStorage', 'sessionStorage']) Object.defineProperty(window, name, { get() ${forbidden} })`,
  'local storage for writing': `Storage.prototype.setItem = function () { throw new DOMException('full', 'QuotaExceededError') }`,
  'the database': `IDBFactory.prototype.open = function () ${forbidden}`,
  'a database at all': `Object.defineProperty(window, 'indexedDB', { value: undefined })`,
}

describe('F68: the console asks and shows answers in a browser', () => {
  test.each(Object.entries(STORES))('that forbids %s', async (_, before) => {
    await using world = await openConsole(browser, { before })
    const { page } = world
    await say(page, 'hello?')
    await ended(page)
    await say(page, 'and again')
    await ended(page)
    expect(await answers(page)).toEqual(['hello', 'hello'])
    expect(world.complaints).toEqual([])
  })
})
