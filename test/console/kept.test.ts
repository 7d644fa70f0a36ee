import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { answers, builtConsole, ended, openConsole, say, startBrowser } from './browser.ts'

// A browser on a busy machine takes its time; what a test waits for has limits of its own.
vi.setConfig({ testTimeout: 90_000 })

let browser: Browser
beforeAll(async () => {
  await builtConsole()
  browser = await startBrowser()
}, 120_000)
afterAll(() => browser.close())

describe('what the browser keeps', () => {
  test.each([
    ['at once', `throw new DOMException('full', 'QuotaExceededError')`],
    ['at last', 'const request = put.apply(this, it); this.transaction.abort(); return request'],
  ])(
    'F68: when it is full, which it may say %s, costs what comes then, and the page says so',
    async (_, full) => {
      await using world = await openConsole(browser)
      const { page } = world
      await say(page, 'kept')
      await ended(page)
      await page.evaluate(`{
      const { put } = IDBObjectStore.prototype
      IDBObjectStore.prototype.put = function (...it) { ${full} }
    }`)
      await say(page, 'not kept')
      await ended(page)
      expect(await answers(page)).toEqual(['hello', 'hello'])
      await page.getByText('the browser has no room left').waitFor()
      await page.reload()
      await page.getByText('kept', { exact: true }).waitFor()
      expect(await answers(page)).toEqual(['hello'])
      expect(world.complaints).toEqual([])
    },
  )

  test('when it is damaged, costs what is damaged and nothing else', async () => {
    await using world = await openConsole(browser)
    const { page } = world
    await say(page, 'good')
    await ended(page)
    await page.evaluate(`new Promise((resolve, reject) => {
      const request = indexedDB.open('ghost')
      request.onsuccess = () => {
        const change = request.result.transaction(['messages', 'conversations'], 'readwrite')
        const conversation = sessionStorage.getItem('ghost.conversation')
        change.objectStore('messages').put({ conversation, position: 0, message: { role: 'assistant', said: 5 } })
        change.objectStore('messages').put({ conversation, position: 3, message: null })
        change.objectStore('conversations').put({ id: 'broken', title: 7 })
        change.oncomplete = resolve
        change.onabort = reject
      }
    })`)
    await page.reload()
    await page.getByText('hello').waitFor()
    await say(page, 'still works')
    await ended(page)
    expect(await answers(page)).toEqual(['hello', 'hello'])
    await page.reload()
    await page.getByText('still works').waitFor()
    expect(await answers(page)).toEqual(['hello', 'hello'])
    expect(await page.getByText('good').count()).toBe(0)
    expect(world.complaints).toEqual([])
  })
})
