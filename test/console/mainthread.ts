import type { Browser } from 'playwright-core'

interface TraceEvent {
  readonly name: string
  readonly pid: number
  readonly tid: number
  /** Microseconds of its own thread's time, in which no other program is counted. */
  readonly tdur?: number
  readonly args?: { readonly name?: string }
}

/**
 * How long the longest task of any page took while something was done, in ms of the thread's own time. The clock on
 * the wall would tell as much about the machine's other programs.
 */
export async function longestTask(browser: Browser, act: () => Promise<void>): Promise<number> {
  const events: TraceEvent[] = []
  const session = await browser.newBrowserCDPSession()
  session.on('Tracing.dataCollected', ({ value }) => void events.push(...(value as unknown as TraceEvent[])))
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: { includedCategories: ['toplevel', '__metadata'] },
  })
  try {
    await act()
  } finally {
    const whole = new Promise<void>((resolve) => session.once('Tracing.tracingComplete', () => resolve()))
    await session.send('Tracing.end')
    await whole
    await session.detach()
  }
  const pages = new Set(
    events
      .filter(({ name, args }) => name === 'thread_name' && args?.name === 'CrRendererMain')
      .map(({ pid, tid }) => `${pid}/${tid}`),
  )
  const tasks = events.filter(
    ({ name, pid, tid }) => name === 'ThreadControllerImpl::RunTask' && pages.has(`${pid}/${tid}`),
  )
  if (tasks.length === 0) throw new Error('the browser traced no task of a page')
  return tasks.reduce((most, { tdur = 0 }) => Math.max(most, tdur), 0) / 1_000
}
