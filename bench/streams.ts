import { setTimeout as rest } from 'node:timers/promises'
import { chatRequest, delays, hear, resumeRequest } from './client.ts'
import { quantile, residentBytes, shared } from './figures.ts'
import { beside, type Figures, fixed, loads, type Plan, share, standing, times } from './rows.ts'
import { direct, gateway, nginx, probe, type Start } from './subject.ts'

/** So that a journal and a log of 50 MB are not what is measured where more is streamed. */
const ROOMY = { GHOST_INTERFACE_STREAM_CAP: '100000000', GHOST_INTERFACE_TOTAL_STREAM_CAP: '800000000' }

/** a. One stream as fast as it goes. */
export async function flood(start: Start, events: number, size = 160): Promise<Figures> {
  return standing(
    start,
    async ({ port, pids }) => {
      // Three times, so that it is compiled: what is measured is a gateway that has been running.
      for (let n = 0; n < 3; n++) await hear(chatRequest({ events, size }), { port })
      const play = chatRequest({ events, size })
      const { value, cpu, share: of } = await shared(pids, () => hear(play, { port }))
      const least = events * size
      if (value.bytes < least) throw new Error(`${value.bytes} bytes of at least ${least} came`)
      return {
        cpu: (cpu / events) * 1e6,
        perSecond: events / (value.ms / 1000),
        megabytes: value.bytes / value.ms / 1000,
        resident: pids.length > 0 ? residentBytes(pids) / 1e6 : 0,
        ...share(of),
      }
    },
    ROOMY,
  )
}

/** One asks, all others read along from the start. */
async function crowd(
  play: string,
  { port, readers, tell }: { readonly port: number; readonly readers: number; tell?(ms: number): void },
): Promise<void> {
  const others: Promise<unknown>[] = []
  const asking = () => ({ port, ...(tell && { onData: delays(tell) }) })
  await hear(play, {
    ...asking(),
    onHead(_, task) {
      for (let n = 1; n < readers; n++) others.push(hear(resumeRequest(task), asking()))
    },
  })
  await Promise.all(others)
}

export function fullSpeed(plan: Plan): Promise<void> {
  const events = 200_000 * plan.scale
  return beside(
    plan,
    `a. ${events} events of 160 bytes`,
    { direct, nginx, probe, gateway },
    (start) => flood(start, events),
    (it, { nginx: n, probe: p }) =>
      `${fixed(it.cpu)} CPU s/M (${times(it, n, 'cpu')}x nginx, ${times(it, p, 'cpu')}x probe), ${fixed((it.perSecond ?? 0) / 1e6)} M/s, ${fixed(it.megabytes, 0)} MB/s; ${loads(it)}`,
  )
}

export interface Steady {
  readonly streams: number
  /** Events a second of each. */
  readonly rate: number
  readonly seconds: number
  readonly size?: number
}
/**
 * That so many streams begin and end in one moment is not what b is about: what comes so soon after the begin, or before the end, does not
 * count, neither as late nor as CPU.
 */
const WARM_MS = 3_000
const LAST_MS = 500

/** b. Many streams, each event a read and a write of its own: CPU of each, and how late it is. */
export async function steady(
  start: Start,
  load: Steady,
  env: Readonly<Record<string, string>> = {},
): Promise<Figures> {
  const { streams } = load
  return standing(start, (subject) => steadyOn([subject.port], subject.pids, load), {
    GHOST_TASK_LIMIT: `${streams * 3}`,
    ...ROOMY,
    ...env,
  })
}

/** The same over several gateways, whose streams are spread over them. */
export async function steadyOn(
  ports: readonly number[],
  pids: readonly number[],
  { streams, rate, seconds, size = 160 }: Steady,
  others: readonly number[] = [],
): Promise<Figures> {
  const chat = (count: number) => chatRequest({ events: count, rate, size })
  const portOf = (n: number) => ports[n % ports.length] ?? 0
  const all = (request: string, onData?: (bytes: Buffer) => void) =>
    Promise.all(
      Array.from({ length: streams }, (_, n) =>
        hear(request, { port: portOf(n), ...(onData && { onData: delays((ms) => tell(ms)) }) }),
      ),
    )
  const took = new Float64Array(streams * rate * seconds)
  let heard = 0
  let counts = false
  const tell = (ms: number) => {
    if (counts) took[heard++] = ms
  }
  // What is compiled while it is measured is not what it costs.
  for (const port of ports) for (let n = 0; n < 5; n++) await hear(chatRequest({ events: 10_000 }), { port })
  await all(chat(rate * 2))
  const window = async () => {
    counts = true
    await rest(seconds * 1000 - WARM_MS - LAST_MS)
    counts = false
  }
  const measured = rest(WARM_MS).then(() => shared(pids, window, others))
  const [{ cpu, share: of }] = await Promise.all([measured, all(chat(rate * seconds), () => {})])
  const sorted = took.subarray(0, heard).sort()
  return {
    p50: quantile(sorted, 0.5),
    p99: quantile(sorted, 0.99),
    cpu: (cpu / heard) * 1e6,
    resident: pids.length > 0 ? residentBytes(pids) / 1e6 : 0,
    heard,
    ...share(of),
  }
}

/** One stream and many who read it live: what an event costs for each of them. */
export async function readAlong(
  start: Start,
  { readers, rate, seconds }: { readonly readers: number; readonly rate: number; readonly seconds: number },
): Promise<Figures> {
  return standing(start, async ({ port, pids }) => {
    const took = new Float64Array(readers * rate * seconds)
    let heard = 0
    const tell = (ms: number) => {
      took[heard++] = ms
    }
    await crowd(chatRequest({ events: rate * 2, rate }), { port, readers })
    const { cpu, share: of } = await shared(pids, () =>
      crowd(chatRequest({ events: rate * seconds, rate }), { port, readers, tell }),
    )
    const sorted = took.subarray(0, heard).sort()
    return {
      cpu: (cpu / heard) * 1e6,
      p50: quantile(sorted, 0.5),
      p99: quantile(sorted, 0.99),
      ...share(of),
    }
  })
}

export function tenThousand(plan: Plan): Promise<void> {
  const load = { streams: 500, rate: 20, seconds: Math.max(4, 12 * plan.scale) }
  return beside(
    plan,
    'b. 500 streams of 20 events/s',
    { direct, nginx, probe, gateway },
    (start) => steady(start, load),
    (it, { nginx: n, probe: p }) =>
      `p50 ${fixed(it.p50)} ms, p99 ${fixed(it.p99)} ms, ${fixed(it.cpu, 1)} CPU µs an event (${times(it, n, 'cpu')}x nginx, ${times(it, p, 'cpu')}x probe), ${fixed(it.resident, 0)} MB resident; ${loads(it)}`,
  )
}

/** d. A finished answer again, and what keeping it costs. */
export async function replay(start: Start, events: number): Promise<Figures> {
  return standing(
    start,
    async ({ port, pids }) => {
      const warm = await hear(chatRequest({ events: 2_000 }), { port })
      await hear(resumeRequest(warm.task), { port })
      const before = residentBytes(pids)
      const { task, bytes } = await hear(chatRequest({ events }), { port })
      await rest(1_500)
      const weight = (residentBytes(pids) - before) / bytes
      const first = await shared(pids, () => hear(resumeRequest(task), { port }))
      // So often, so that it is compiled.
      for (let n = 1; n < 30; n++) await hear(resumeRequest(task), { port })
      const times = 5
      let ms = 0
      let firstMs = 0
      const { cpu, share: of } = await shared(pids, async () => {
        for (let n = 0; n < times; n++) {
          const heard = await hear(resumeRequest(task), { port })
          if (heard.bytes !== bytes) throw new Error(`${heard.bytes} bytes of ${bytes} came again`)
          ms += heard.ms
          firstMs += heard.firstMs
        }
      })
      return {
        cpu: (cpu / times) * 1000,
        firstCpu: first.cpu * 1000,
        megabytes: (bytes * times) / ms / 1000,
        firstMs: firstMs / times,
        weight,
        ...share(of),
      }
    },
    ROOMY,
  )
}

export function again(plan: Plan): Promise<void> {
  const events = 300_000 * plan.scale
  return beside(
    plan,
    `d. ${(events * 160) / 1e6} MB again`,
    { probe, gateway },
    (start) => replay(start, events),
    (it, { probe: p }) =>
      `${fixed(it.cpu, 0)} CPU ms (${times(it, p, 'cpu')}x probe), ${fixed(it.megabytes, 0)} MB/s, first byte after ${fixed(it.firstMs, 1)} ms, the first time ${fixed(it.firstCpu, 0)} CPU ms, resident ${fixed(it.weight)} bytes for each kept; ${loads(it)}`,
  )
}
