import { appendFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as rest } from 'node:timers/promises'
import { chatRequest, delays, hear, KEY, resumeRequest } from './client.ts'
import { cpuSeconds, median, openFiles, quantile, residentBytes } from './figures.ts'
import { fixed, type Plan, standing } from './rows.ts'
import { gateway, type Subject } from './subject.ts'
import { upload } from './uploads.ts'

const SAMPLE_MS = 10_000
/** With all the rest about half of what one core carries. */
const STREAMS = 400
const RATE = 20

interface Sample {
  readonly minute: number
  readonly megabytes: number
  readonly files: number
  readonly timers: number
  readonly readers: number
  readonly p50: number
  readonly p99: number
  readonly cpu: number
}

/** Cuts its readers off, takes up again, cancels, uploads, floods the log and stops reading, over and over. */
async function mixed(
  { port }: Subject,
  dir: string,
  over: () => boolean,
  tell: (ms: number) => void,
): Promise<void> {
  const failed: unknown[] = []
  const loop = async (act: () => Promise<unknown>, pauseMs: number) => {
    while (!over()) {
      await act().catch((error: unknown) => void failed.push(error))
      await rest(pauseMs)
    }
  }
  const seconds = () => 5 + Math.floor(Math.random() * 10)
  const chat = () =>
    hear(chatRequest({ events: RATE * seconds(), rate: RATE }), { port, onData: delays(tell) })
  const cutOff = () =>
    new Promise<void>((resolve) => {
      hear(chatRequest({ events: RATE * 5, rate: RATE }), {
        port,
        onHead: (socket, task) => {
          setTimeout(() => {
            socket.destroy()
            hear(resumeRequest(task), { port }).then(() => resolve(), resolve)
          }, 1_000)
        },
      }).catch(() => {})
    })
  const cancelled = () =>
    new Promise<void>((resolve) => {
      hear(chatRequest({ events: 10_000, rate: RATE }), {
        port,
        onHead: (_, task) =>
          void setTimeout(
            () =>
              void fetch(`http://127.0.0.1:${port}/api/chat/cancel/${task}`, {
                method: 'POST',
                headers: { 'x-ghost-key': KEY },
              }).then((answer) => answer.arrayBuffer()),
            500,
          ),
      }).then(() => resolve(), resolve)
    })
  const deaf = () =>
    new Promise<void>((resolve) => {
      hear(chatRequest({ events: 40_000 }), {
        port,
        onHead: (socket) => {
          socket.pause()
          setTimeout(() => {
            socket.destroy()
            resolve()
          }, 5_000)
        },
      }).catch(() => {})
    })
  const logged = async () => appendFileSync(join(dir, 'agent.log'), 'INFO a line of a flood\n'.repeat(2_000))
  await Promise.all([
    ...Array.from({ length: STREAMS }, () => loop(chat, 10)),
    ...Array.from({ length: 5 }, () => loop(cutOff, 200)),
    ...Array.from({ length: 3 }, () => loop(cancelled, 200)),
    loop(deaf, 1_000),
    loop(() => upload(port, 5 << 20), 2_000),
    loop(logged, 1_000),
  ])
  if (failed.length > 0) throw new Error(`${failed.length} pieces of work failed, the first: ${failed[0]}`)
}

async function sample({ port, pids }: Subject, from: number, cpu: number, took: number[]): Promise<Sample> {
  const answer = await fetch(`http://127.0.0.1:${port}/metrics`, { headers: { 'x-ghost-key': KEY } })
  const metrics = await answer.text()
  const gauge = (name: RegExp) => Number(name.exec(metrics)?.[1] ?? 0)
  took.sort((a, b) => a - b)
  return {
    minute: (performance.now() - from) / 60_000,
    megabytes: residentBytes(pids) / 1e6,
    files: openFiles(pids[0] ?? 0),
    timers: gauge(/^nodejs_active_resources\{type="Timeout"\} (\d+)/m),
    readers: gauge(/^ghost_readers (\d+)/m),
    p50: quantile(took, 0.5),
    p99: quantile(took, 0.99),
    cpu: ((cpuSeconds(pids) - cpu) / SAMPLE_MS) * 100_000,
  }
}

/** By how much the last third of a figure is above its second third, in parts. */
function growth(samples: readonly Sample[], of: (it: Sample) => number): number {
  const third = Math.floor(samples.length / 3)
  const middle = median(samples.slice(third, 2 * third).map(of))
  return (median(samples.slice(2 * third).map(of)) - middle) / Math.max(1, middle)
}

const MOST_GROWTH = { megabytes: 0.1, files: 0.15, timers: 0.2, p50: 0.5 } as const

/** Some minutes of everything at once: whatever grows with time is a leak, and is said. */
export async function soak(plan: Plan, minutes: number): Promise<boolean> {
  return standing(
    gateway,
    async (subject, dir) => {
      writeFileSync(join(dir, 'agent.log'), '')
      const samples: Sample[] = []
      const from = performance.now()
      const over = () => performance.now() - from > minutes * 60_000
      let took: number[] = []
      const load = mixed(subject, dir, over, (ms) => void took.push(ms))
      while (!over()) {
        const cpu = cpuSeconds(subject.pids)
        await rest(SAMPLE_MS)
        const all = took
        took = []
        const it = await sample(subject, from, cpu, all)
        samples.push(it)
        console.error(
          `${it.minute.toFixed(1)} min: ${it.megabytes.toFixed(0)} MB, ${it.files} descriptors, ${it.timers} timers, ${it.readers} readers, p50 ${it.p50.toFixed(2)} ms, p99 ${it.p99.toFixed(1)} ms, ${it.cpu.toFixed(0)} % CPU`,
        )
      }
      await load
      const grown = Object.entries(MOST_GROWTH).map(([name, most]) => {
        const by = growth(samples, (it) => it[name as keyof Sample])
        return { name, by, isLeak: by > most }
      })
      const last = samples.at(-1)
      const leaks = grown.filter((it) => it.isLeak)
      plan.say(
        'soak',
        `${minutes} min of streams, cuts, cancels, uploads, log floods and deaf readers: ${fixed(median(samples.map((it) => it.cpu)), 0)} % of a core, p50 ${fixed(median(samples.map((it) => it.p50)))} ms, p99 ${fixed(median(samples.map((it) => it.p99)), 1)} ms, at the end ${fixed(last?.megabytes, 0)} MB, ${last?.files} descriptors, ${last?.timers} timers; last third over second third: ${grown.map(({ name, by }) => `${name} ${by < 0 ? '' : '+'}${(by * 100).toFixed(0)} %`).join(', ')}; ${leaks.length === 0 ? 'nothing leaks' : `LEAKS: ${leaks.map(({ name }) => name).join(', ')}`}`,
      )
      return leaks.length === 0
    },
    { GHOST_TASK_TTL: '60', GHOST_TASK_LIMIT: '2000' },
  )
}
