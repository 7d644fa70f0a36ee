import type { Page } from 'playwright-core'

interface TraceEvent {
  readonly name: string
  readonly pid: number
  readonly tid: number
  /** Microseconds of its own thread's time, in which no other program is counted. */
  readonly tdur?: number
}

/** How the page says in the trace which process is its own: the browser has pages of its own, too. */
const HERE = 'this is the page'

/**
 * How long the longest task of the page took while something was done, in ms of the thread's own time. The clock on
 * the wall would tell as much about the machine's other programs.
 */
export async function longestTask(page: Page, act: () => Promise<void>): Promise<number> {
  const browser = page.context().browser()
  if (!browser) throw new Error('the page has no browser')
  const events: TraceEvent[] = []
  const session = await browser.newBrowserCDPSession()
  session.on('Tracing.dataCollected', ({ value }) => void events.push(...(value as unknown as TraceEvent[])))
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['toplevel', 'blink.user_timing'] },
  })
  try {
    await page.evaluate((name) => void performance.mark(name), HERE)
    await act()
  } finally {
    const whole = new Promise<void>((resolve) => session.once('Tracing.tracingComplete', () => resolve()))
    await session.send('Tracing.end')
    await whole
    await session.detach()
  }
  const own = events.find(({ name }) => name === HERE)
  const tasks = events.filter(
    ({ name, pid, tid }) => name === 'ThreadControllerImpl::RunTask' && pid === own?.pid && tid === own.tid,
  )
  if (tasks.length === 0) throw new Error('the browser traced no task of the page')
  return tasks.reduce((most, { tdur = 0 }) => Math.max(most, tdur), 0) / 1_000
}
