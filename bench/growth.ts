import { mkdirSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { chatRequest, hear, KEY } from './client.ts'
import { cpuSeconds, residentBytes, shared } from './figures.ts'
import { fanOut } from './logs.ts'
import { fixed, type Plan, standing } from './rows.ts'
import { flood, readAlong, steady } from './streams.ts'
import { gateway } from './subject.ts'
import { type Curve, draw } from './svg.ts'

const HOME = fileURLToPath(new URL('../../docs/performance/', import.meta.url))

type Point = readonly [number, number]

/** What each more of something costs, from little of it to where it bends; one run a point. */
const CURVES: Readonly<Record<string, (plan: Plan) => Promise<Curve>>> = {
  async streams(plan) {
    const cpu: Point[] = []
    const late: Point[] = []
    const weight: Point[] = []
    for (const streams of [10, 30, 100, 300, 1_000, 3_000, 5_000].slice(0, plan.scale < 1 ? 4 : undefined)) {
      const it = await steady(gateway, { streams, rate: 1, seconds: 10 })
      cpu.push([streams, it.cpu ?? 0])
      late.push([streams, it.p99 ?? 0])
      weight.push([streams, it.resident ?? 0])
    }
    return {
      title: 'More streams, one event a second each',
      x: 'live streams',
      y: 'CPU µs an event, p99 in ms, MB resident',
      lines: { 'CPU µs an event': cpu, 'p99 ms': late, 'MB resident': weight },
    }
  },

  async rate(plan) {
    const cpu: Point[] = []
    const late: Point[] = []
    for (const rate of [1, 2, 5, 10, 20, 30, 40].slice(0, plan.scale < 1 ? 4 : undefined)) {
      const it = await steady(gateway, { streams: 500, rate, seconds: 8 })
      cpu.push([rate * 500, it.cpu ?? 0])
      late.push([rate * 500, it.p99 ?? 0])
    }
    return {
      title: 'More events a second, over 500 streams',
      x: 'events a second',
      y: 'CPU µs an event, p99 in ms',
      lines: { 'CPU µs an event': cpu, 'p99 ms': late },
    }
  },

  async readers(plan) {
    const cpu: Point[] = []
    const late: Point[] = []
    for (const readers of [1, 3, 10, 30, 100, 300, 1_000].slice(0, plan.scale < 1 ? 4 : undefined)) {
      const it = await readAlong(gateway, { readers, rate: 20, seconds: 8 })
      cpu.push([readers, it.cpu ?? 0])
      late.push([readers, it.p99 ?? 0])
    }
    return {
      title: 'More readers of one stream of 20 events a second',
      x: 'readers',
      y: 'CPU µs an event and reader, p99 in ms',
      lines: { 'CPU µs': cpu, 'p99 ms': late },
    }
  },

  async size(plan) {
    const cpu: Point[] = []
    const speed: Point[] = []
    for (const size of [50, 160, 500, 2_000, 10_000, 100_000, 1_000_000]) {
      const events = Math.max(10, Math.min(200_000, Math.round(32e6 / size))) * (plan.scale < 1 ? 0.1 : 1)
      const it = await flood(gateway, Math.ceil(events), size)
      cpu.push([size, ((it.cpu ?? 0) * 1e6) / 1e6])
      speed.push([size, it.megabytes ?? 0])
    }
    return {
      title: 'Larger events, as fast as they go',
      x: 'bytes an event',
      y: 'CPU µs an event, MB a second',
      lines: { 'CPU µs an event': cpu, 'MB/s': speed },
    }
  },

  async length(plan) {
    const cpu: Point[] = []
    for (const kb of [1, 10, 100, 1_000, 10_000, 45_000].slice(0, plan.scale < 1 ? 4 : undefined)) {
      const it = await flood(gateway, Math.ceil((kb * 1000) / 160))
      cpu.push([kb, ((it.cpu ?? 0) * (kb * 1000)) / 160 / 1000])
    }
    return {
      title: 'Longer answers, in events of 160 bytes',
      x: 'KB of the answer',
      y: 'CPU ms an answer',
      lines: { 'CPU ms an answer': cpu },
    }
  },

  async listeners(plan) {
    const cpu: Point[] = []
    const late: Point[] = []
    for (const clients of [1, 10, 100, 300, 1_000, 2_000].slice(0, plan.scale < 1 ? 3 : undefined)) {
      const it = await fanOut(gateway, { clients, rate: 500, seconds: 4 })
      cpu.push([clients, it.cpu ?? 0])
      late.push([clients, it.p99 ?? 0])
    }
    return {
      title: 'More listeners to a log of 500 lines a second',
      x: 'websockets',
      y: 'CPU µs a message, p99 in ms',
      lines: { 'CPU µs a message': cpu, 'p99 ms': late },
    }
  },

  async kept(plan) {
    const weight: Point[] = []
    const chat: Point[] = []
    const list: Point[] = []
    const start: Point[] = []
    for (const tasks of [10, 100, 1_000, 10_000].slice(0, plan.scale < 1 ? 3 : undefined)) {
      const it = await keeping(tasks)
      weight.push([tasks, it.megabytes])
      chat.push([tasks, it.chatUs])
      list.push([tasks, it.listMs])
      start.push([tasks, it.startMs])
    }
    return {
      title: 'More finished answers kept, of 1 KB each',
      x: 'answers kept',
      y: 'MB resident, CPU µs a new chat, ms to list all, ms to start again',
      lines: { 'MB resident': weight, 'CPU µs a new chat': chat, 'ms to list': list, 'ms to start': start },
    }
  },
}

interface Keeping {
  readonly megabytes: number
  readonly chatUs: number
  readonly listMs: number
  readonly startMs: number
}

async function keeping(tasks: number): Promise<Keeping> {
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
      return { megabytes, chatUs: (cpu / 200) * 1e6, listMs, startMs }
    },
    env,
  )
}

/** Draws them into `docs/performance/`. */
export async function curves(plan: Plan, only: string | undefined): Promise<void> {
  mkdirSync(HOME, { recursive: true })
  for (const [name, measure] of Object.entries(CURVES)) {
    if (only && only !== name) continue
    const used = cpuSeconds([process.pid])
    const curve = await measure(plan)
    writeFileSync(`${HOME}${name}.svg`, draw(curve))
    for (const [line, points] of Object.entries(curve.lines))
      plan.say(
        `growth: ${curve.x}`,
        `${line}: ${points.map(([a, b]) => `${a}: ${fixed(b, b < 10 ? 2 : 0)}`).join(', ')}`,
      )
    console.error(`${name} took the load ${fixed(cpuSeconds([process.pid]) - used, 0)} CPU s`)
  }
}
