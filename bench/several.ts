import { spawn } from 'node:child_process'
import { Agent } from './agent.ts'
import { cpuSeconds } from './figures.ts'
import { type Figures, fixed, inTurn, loads, type Plan, withDir } from './rows.ts'
import { type Steady, steady, steadyOn } from './streams.ts'
import { freePort, gateway } from './subject.ts'

/** A Redis that keeps everything. That it rewrites its file now and then, for which it forks, is not what is measured. */
async function withRedis<T>(act: (url: string, pid: number) => Promise<T>): Promise<T> {
  const port = await freePort()
  return withDir(async (dir) => {
    const kept = ['--save', '', '--appendonly', 'yes', '--auto-aof-rewrite-percentage', '0']
    const server = spawn('redis-server', ['--port', `${port}`, '--dir', dir, ...kept], { stdio: 'ignore' })
    try {
      await new Promise((resolve) => setTimeout(resolve, 300))
      return await act(`redis://127.0.0.1:${port}`, server.pid ?? 0)
    } finally {
      server.kill('SIGKILL')
    }
  })
}

async function throughRedis(load: Steady): Promise<Figures> {
  return withRedis(async (url, pid) => {
    const before = cpuSeconds([pid])
    const figures = await steady(gateway, load, { GHOST_STORE: url })
    return {
      ...figures,
      redis: ((cpuSeconds([pid]) - before) / (load.streams * load.rate * (load.seconds + 2))) * 1e6,
    }
  })
}

/**
 * l. The same streams with their log in memory, on disk and in Redis. For longer than b: when so many streams have begun the whole heap is
 * collected once. For some that is before the measuring and for others within it, where in eight seconds it would be a hundredth of all.
 */
export async function stores(plan: Plan): Promise<void> {
  const load = { streams: 500, rate: 20, seconds: Math.max(4, 20 * plan.scale) }
  const all = await inTurn(plan, {
    memory: () => steady(gateway, load, { GHOST_STORE: 'memory' }),
    disk: () => steady(gateway, load),
    redis: () => throughRedis(load),
  })
  for (const [name, it] of Object.entries(all))
    plan.say(
      'l',
      `500 streams x 20 events/s, store ${name}: p50 ${fixed(it.p50)} ms, p99 ${fixed(it.p99)} ms (added ${fixed((it.p99 ?? 0) - (all.memory?.p99 ?? 0))}), ${fixed(it.cpu, 1)} CPU µs an event${it.redis === undefined ? '' : `, Redis itself ${fixed(it.redis, 1)} over the whole run`}; ${loads(it)}`,
    )
}

/** m. The streams of one gateway spread over several that share a Redis. */
export async function several(plan: Plan): Promise<void> {
  const load = { streams: 500, rate: 20, seconds: Math.max(4, 8 * plan.scale) }
  const over = (count: number) => () =>
    withRedis((url, pid) =>
      withDir(async (dir) => {
        const agent = await Agent.start()
        const env = { GHOST_STORE: url, GHOST_TASK_LIMIT: '2000' }
        const gateways = await Promise.all(Array.from({ length: count }, () => gateway(dir, agent.port, env)))
        try {
          return await steadyOn(
            gateways.map((it) => it.port),
            gateways.flatMap((it) => it.pids),
            load,
            [pid],
          )
        } finally {
          await Promise.all(gateways.map((it) => it.stop()))
          agent.close()
        }
      }),
    )
  const counts = [1, 2, 4]
  const all = await inTurn(plan, Object.fromEntries(counts.map((count) => [`${count}`, over(count)])))
  for (const count of counts) {
    const it = all[`${count}`]
    plan.say(
      'm',
      `500 streams x 20 events/s over ${count} gateway${count === 1 ? '' : 's'} and one Redis: p50 ${fixed(it?.p50)} ms, p99 ${fixed(it?.p99)} ms, ${fixed(it?.cpu, 1)} CPU µs an event in all gateways, ${fixed(it?.resident, 0)} MB resident; ${loads(it)}`,
    )
  }
}
