import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chatRequest, hear, KEY } from './client.ts'
import { residentBytes, shared } from './figures.ts'
import { fanOut } from './logs.ts'
import { type Figures, fixed, type Plan, standing } from './rows.ts'
import { flood, readAlong, steady } from './streams.ts'
import { gateway } from './subject.ts'
import { draw } from './svg.ts'

const HOME = fileURLToPath(new URL('../../docs/performance/', import.meta.url))

interface Growth {
  readonly title: string
  readonly x: string
  readonly y: string
  readonly of: readonly number[]
  /** What one of them costs, by the names of the lines. */
  at(x: number): Promise<Readonly<Record<string, number | undefined>>>
}

/** What each more of something costs, from little of it to where it bends; one run a point. */
const GROWTHS: Readonly<Record<string, Growth>> = {
  streams: {
    title: 'More streams, one event a second each',
    x: 'live streams',
    y: 'CPU µs an event, p99 in ms, MB resident',
    of: [10, 30, 100, 300, 1_000, 3_000, 5_000],
    async at(streams) {
      const { cpu, p99, resident } = await steady(gateway, { streams, rate: 1, seconds: 10 })
      return { 'CPU µs an event': cpu, 'p99 ms': p99, 'MB resident': resident }
    },
  },
  rate: {
    title: 'More events a second, over 500 streams',
    x: 'events a second',
    y: 'CPU µs an event, p99 in ms',
    of: [500, 1_000, 2_500, 5_000, 10_000, 15_000, 20_000],
    async at(perSecond) {
      const { cpu, p99 } = await steady(gateway, { streams: 500, rate: perSecond / 500, seconds: 8 })
      return { 'CPU µs an event': cpu, 'p99 ms': p99 }
    },
  },
  readers: {
    title: 'More readers of one stream of 20 events a second',
    x: 'readers',
    y: 'CPU µs an event and reader, p99 in ms',
    of: [1, 3, 10, 30, 100, 300, 1_000],
    async at(readers) {
      const { cpu, p99 } = await readAlong(gateway, { readers, rate: 20, seconds: 8 })
      return { 'CPU µs': cpu, 'p99 ms': p99 }
    },
  },
  size: {
    title: 'Larger events, as fast as they go',
    x: 'bytes an event',
    y: 'CPU µs an event, MB a second',
    of: [50, 160, 500, 2_000, 10_000, 100_000, 1_000_000],
    async at(size) {
      const events = Math.max(10, Math.min(200_000, Math.round(32e6 / size)))
      const { cpu, megabytes } = await flood(gateway, events, size)
      return { 'CPU µs an event': cpu, 'MB/s': megabytes }
    },
  },
  length: {
    title: 'Longer answers, in events of 160 bytes',
    x: 'KB of the answer',
    y: 'CPU ms an answer',
    of: [1, 10, 100, 1_000, 10_000, 45_000],
    async at(kb) {
      const events = Math.ceil((kb * 1000) / 160)
      const { cpu = Number.NaN } = await flood(gateway, events)
      return { 'CPU ms an answer': (cpu * events) / 1000 }
    },
  },
  listeners: {
    title: 'More listeners to a log of 500 lines a second',
    x: 'websockets',
    y: 'CPU µs a message, p99 in ms',
    of: [1, 10, 100, 300, 1_000, 2_000],
    async at(clients) {
      const { cpu, p99 } = await fanOut(gateway, { clients, rate: 500, seconds: 4 })
      return { 'CPU µs a message': cpu, 'p99 ms': p99 }
    },
  },
  kept: {
    title: 'More finished answers kept, of 1 KB each',
    x: 'answers kept',
    y: 'MB resident, CPU µs a new chat, ms to list all, ms to start again',
    of: [10, 100, 1_000, 10_000],
    at: keeping,
  },
}

async function keeping(tasks: number): Promise<Figures> {
  const env = { GHOST_TASK_LIMIT: `${tasks + 500}`, GHOST_TASK_TTL: '3600' }
  return standing(
    gateway,
    async ({ port, pids }, dir) => {
      const ask = async (count: number) => {
        for (let left = count; left > 0; left -= 20)
          await Promise.all(
            Array.from({ length: Math.min(20, left) }, () => hear(chatRequest({ events: 6 }), { port })),
          )
      }
      await ask(tasks)
      const { cpu } = await shared(pids, () => ask(200))
      const megabytes = residentBytes(pids) / 1e6
      const from = performance.now()
      await fetch(`http://127.0.0.1:${port}/api/chat/tasks`, { headers: { 'x-ghost-key': KEY } }).then((it) =>
        it.text(),
      )
      const listMs = performance.now() - from
      process.kill(pids[0] ?? 0, 'SIGKILL')
      await new Promise((resolve) => setTimeout(resolve, 300))
      const again = performance.now()
      const next = await gateway(dir, 9, env)
      const startMs = performance.now() - again
      await next.stop()
      return {
        'MB resident': megabytes,
        'CPU µs a new chat': (cpu / 200) * 1e6,
        'ms to list': listMs,
        'ms to start': startMs,
      }
    },
    env,
  )
}

/** Draws them into `docs/performance/`. */
export async function curves(plan: Plan, only: string | undefined): Promise<void> {
  mkdirSync(HOME, { recursive: true })
  for (const [name, { title, x, y, of, at }] of Object.entries(GROWTHS)) {
    if (only && only !== name) continue
    const lines: Record<string, [number, number][]> = {}
    for (const value of plan.scale < 1 ? of.slice(0, 3) : of)
      for (const [line, figure] of Object.entries(await at(value))) {
        lines[line] ??= []
        lines[line].push([value, figure ?? Number.NaN])
      }
    writeFileSync(`${HOME}${name}.svg`, draw({ title, x, y, lines }))
    for (const [line, points] of Object.entries(lines))
      plan.say(
        `growth: ${x}`,
        `${line}: ${points.map(([a, b]) => `${a}: ${fixed(b, b < 10 ? 2 : 0)}`).join(', ')}`,
      )
  }
}
