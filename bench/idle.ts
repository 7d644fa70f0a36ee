import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setTimeout as rest } from 'node:timers/promises'
import { chatRequest } from './client.ts'
import { cpuSeconds, residentBytes } from './figures.ts'
import { beside, type Figures, fixed, type Plan, standing, times } from './rows.ts'
import { gateway, nginx, probe, type Start } from './subject.ts'

/** Opened before the first look, so that what is measured is one more stream and not the first. */
const WARM = 100
const AT_ONCE = 50
/** Long enough for the first ping to each reader, which is compiled meanwhile. */
const FIRST_MS = 20_000
/** Meanwhile V8 looks through the heap once or twice, for what the opening has left behind: that is the opening's. */
const SETTLE_MS = 25_000
/** Two pings to each reader. */
const IDLE_MS = 30_000

/** e. What a live stream costs while its agent is silent: one reader each. */
export async function idle(start: Start, streams: number): Promise<Figures> {
  const sockets: Socket[] = []
  const request = chatRequest({ events: 0 })
  return standing(
    start,
    async ({ port, pids }) => {
      const open = async () => {
        const socket = connect(port, '127.0.0.1')
        sockets.push(socket)
        socket.write(request)
        const [answer] = (await once(socket, 'data')) as [Buffer]
        if (!answer.toString('latin1').startsWith('HTTP/1.1 200')) throw new Error(answer.toString('latin1'))
        socket.on('error', () => {})
      }
      const openAll = async (count: number) => {
        for (let left = count; left > 0; left -= AT_ONCE)
          await Promise.all(Array.from({ length: Math.min(left, AT_ONCE) }, open))
        await rest(1_000)
      }
      try {
        await openAll(WARM)
        const before = residentBytes(pids)
        const used = cpuSeconds(pids)
        await openAll(streams)
        const opening = cpuSeconds(pids) - used
        const opened = residentBytes(pids)
        /** In percent of a core. */
        const during = async (ms: number) => {
          const since = cpuSeconds(pids)
          await rest(ms)
          return ((cpuSeconds(pids) - since) / (ms / 1000)) * 100
        }
        const first = await during(FIRST_MS)
        const pinged = residentBytes(pids)
        const settling = await during(SETTLE_MS)
        return {
          opened: (opened - before) / streams / 1024,
          pinged: (pinged - before) / streams / 1024,
          opening: opening * 1000,
          first,
          settling,
          idling: await during(IDLE_MS),
        }
      } finally {
        for (const socket of sockets) socket.destroy()
      }
    },
    { GHOST_TASK_LIMIT: `${streams + WARM}` },
  )
}

/** Once each: it is memory, not time. Needs 20,000 open files. */
export function silence(plan: Plan): Promise<void> {
  const streams = Math.round(5_000 * plan.scale)
  return beside(
    { ...plan, runs: 1 },
    `e. ${streams} live streams, silent`,
    { nginx, probe, gateway },
    (start) => idle(start, streams),
    (it, { nginx: n, probe: p }) =>
      `${fixed(it.opened, 1)} KB each when open (${times(it, n, 'opened')}x nginx, ${times(it, p, 'opened')}x probe), ${fixed(it.pinged, 1)} KB after 20 s; ${fixed(it.opening, 0)} CPU ms to open all, ${fixed(it.first)} % of a core in the first 20 s, ${fixed(it.settling)} % in the 25 after, ${fixed(it.idling)} % in the next 30`,
  )
}
