import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { cpus, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { DiskStore } from '../src/gateway/store/disk.ts'
import { MemoryStore } from '../src/gateway/store/memory.ts'
import { RedisStore } from '../src/gateway/store/redis.ts'
import type { StoreLimits, StreamStore } from '../src/gateway/store/store.ts'
import { idle } from './idle.ts'
import { fill, median, pass } from './stores.ts'

const LIMITS: StoreLimits = { taskBytes: 100_000_000, totalBytes: 400_000_000, tasks: 2_000, ttlMs: 600_000 }
const RUNS = 5

const only = process.argv.find((it) => it.startsWith('--only='))?.slice(7)
const rows: string[] = []
const say = (workload: string, row: string) => {
  console.log(`${workload}  ${row}`)
  rows.push(`| ${workload} | ${row} |`)
}

async function withDir<T>(act: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'ghost-bench-'))
  try {
    return await act(dir)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}

/** The first hundred thousand are not counted: what is measured is a gateway that has been running. */
async function warm(store: StreamStore, tasks: number, total: number): ReturnType<typeof fill> {
  await fill(store, tasks, total / 3)
  return fill(store, tasks, total)
}

async function closing<T>(store: StreamStore, act: (store: StreamStore) => Promise<T>): Promise<T> {
  try {
    return await act(store)
  } finally {
    await store.close()
  }
}

/** i. What the journal costs beside memory alone: the same appends, in turn, in one run. */
async function journal(): Promise<void> {
  const total = 300_000
  for (const tasks of [500, 1]) {
    const memory: { cpu: number; perSecond: number }[] = []
    const disk: { cpu: number; perSecond: number }[] = []
    for (let run = 0; run < RUNS; run++) {
      memory.push(await closing(new MemoryStore(LIMITS), (store) => warm(store, tasks, total)))
      disk.push(
        await withDir(async (dir) =>
          closing(await DiskStore.open({ dir, limits: LIMITS, fsync: '1s', say() {} }), (store) =>
            warm(store, tasks, total),
          ),
        ),
      )
    }
    const [m, d] = [median(memory.map(({ cpu }) => cpu)), median(disk.map(({ cpu }) => cpu))]
    const [mps, dps] = [median(memory.map((it) => it.perSecond)), median(disk.map((it) => it.perSecond))]
    say(
      'i',
      `${tasks} tasks: memory ${m.toFixed(2)} s/M, ${(mps / 1e6).toFixed(2)} M/s; disk ${d.toFixed(2)} s/M, ${(dps / 1e6).toFixed(2)} M/s; extra ${(d - m).toFixed(2)} s/M, ${(dps / mps).toFixed(2)}x`,
    )
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await new Promise((resolve) => server.once('listening', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  return typeof address === 'object' && address ? address.port : 0
}

/** l. 10,000 chunks a second over 500 streams, from the append to the reader. */
async function redis(): Promise<void> {
  const load = { tasks: 500, perSecond: 10_000, seconds: 5 }
  const port = await freePort()
  await withDir(async (dir) => {
    const server = spawn(
      'redis-server',
      // That it rewrites its file now and then, for which it forks, is not what is measured.
      [
        ...['--port', `${port}`, '--dir', dir, '--save', '', '--appendonly', 'yes'],
        ...['--auto-aof-rewrite-percentage', '0'],
      ],
      { stdio: 'ignore' },
    )
    try {
      const url = `redis://127.0.0.1:${port}`
      const runs = { memory: [] as number[], own: [] as number[], other: [] as number[], cpu: [] as number[] }
      const tell = (line: string) => console.error(line)
      for (let run = 0; run < RUNS; run++) {
        runs.memory.push((await closing(new MemoryStore(LIMITS), (store) => pass(store, store, load))).p99)
        const a = await RedisStore.open({ url, limits: LIMITS, say: tell })
        const b = await RedisStore.open({ url, limits: LIMITS, say: tell })
        while (
          !(await Promise.all([a.ready(), b.ready()]).then(
            () => true,
            () => false,
          ))
        )
          await new Promise((r) => setTimeout(r, 20))
        const own = await pass(a, a, load)
        runs.own.push(own.p99)
        runs.cpu.push(own.cpu)
        runs.other.push((await pass(a, b, load)).p99)
        await Promise.all([a.close(), b.close()])
      }
      const [m, own, other] = [median(runs.memory), median(runs.own), median(runs.other)]
      say(
        'l',
        `10,000 chunks/s over 500 streams, p99 from append to reader: memory ${m.toFixed(2)} ms; Redis, same gateway ${own.toFixed(2)} ms (added ${(own - m).toFixed(2)}); Redis, another gateway ${other.toFixed(2)} ms (added ${(other - m).toFixed(2)}); gateway CPU ${median(runs.cpu).toFixed(1)} µs a chunk`,
      )
    } finally {
      server.kill('SIGKILL')
    }
  })
}

/** e. What 5,000 silent streams cost. One run: it is memory, not time. Needs a build, and 20,000 open files. */
async function silence(): Promise<void> {
  const { streams, opened, pinged } = await withDir(async (dir) => idle(dir, await freePort(), 5_000))
  const kb = (bytes: number) => (bytes / 1024).toFixed(1)
  say(
    'e',
    `${streams} live streams, silent: ${kb(opened)} KB each when open, ${kb(pinged)} KB after a ping each`,
  )
}

const WORKLOADS: Record<string, () => Promise<void>> = { e: silence, i: journal, l: redis }

for (const [name, run] of Object.entries(WORKLOADS)) if (!only || only.includes(name)) await run()
console.log(
  `\nNode ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? '?'}, Linux ${release()}, medians of ${RUNS}\n${rows.join('\n')}`,
)
