import { readdirSync, readFileSync } from 'node:fs'

export function median(values: readonly number[]): number {
  return quantile(
    [...values].sort((a, b) => a - b),
    0.5,
  )
}

/** Of values that are in order. */
export function quantile(sorted: ArrayLike<number>, q: number): number {
  return sorted[Math.floor(q * (sorted.length - 1))] ?? Number.NaN
}

/**
 * Seconds of CPU that a process and its threads have had, as the scheduler counts them. Threads that have ended are not in
 * it: no subject here ends any while it is measured.
 */
export function cpuSeconds(pids: readonly number[]): number {
  let ns = 0
  for (const pid of pids)
    for (const thread of readdirSync(`/proc/${pid}/task`))
      ns += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').split(' ')[0])
  return ns / 1e9
}

export function residentBytes(pids: readonly number[]): number {
  let kb = 0
  for (const pid of pids)
    kb += Number(/^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0)
  return kb * 1024
}

/** The most it was resident while something was done, looked at every 5 ms. */
export async function peakBytes(pids: readonly number[], act: () => Promise<unknown>): Promise<number> {
  let most = residentBytes(pids)
  const timer = setInterval(() => {
    most = Math.max(most, residentBytes(pids))
  }, 5)
  try {
    await act()
  } finally {
    clearInterval(timer)
  }
  return Math.max(most, residentBytes(pids))
}

export const openFiles = (pid: number): number => readdirSync(`/proc/${pid}/fd`).length

/** Seconds of CPU that all programs of the machine have had. */
function machineSeconds(): number {
  const ticks =
    readFileSync('/proc/stat', 'utf8').split('\n', 1)[0]?.trim().split(/\s+/).slice(1).map(Number) ?? []
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = ticks
  return (user + nice + system + irq + softirq + steal) / 100
}

export interface Share {
  readonly seconds: number
  /** CPU of the subject, of this process, which makes the load, and of everything else. Shares of one core. */
  readonly subject: number
  readonly load: number
  readonly foreign: number
}

/** What of the machine a piece of work took, and who else had some of it. */
export async function shared<T>(
  pids: readonly number[],
  act: () => Promise<T>,
  others: readonly number[] = [],
): Promise<{ value: T; cpu: number; share: Share }> {
  const own = () => process.cpuUsage().user / 1e6 + process.cpuUsage().system / 1e6
  const before = [
    cpuSeconds(pids),
    own(),
    machineSeconds(),
    performance.now() / 1000,
    cpuSeconds(others),
  ] as const
  const value = await act()
  const seconds = performance.now() / 1000 - before[3]
  const cpu = cpuSeconds(pids) - before[0]
  const load = own() - before[1]
  const foreign = machineSeconds() - before[2] - cpu - load - (cpuSeconds(others) - before[4])
  return {
    value,
    cpu,
    share: { seconds, subject: cpu / seconds, load: load / seconds, foreign: Math.max(0, foreign) / seconds },
  }
}
