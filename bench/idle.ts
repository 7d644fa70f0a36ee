import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { chatRequest } from './client.ts'
import { cpuSeconds, residentBytes } from './figures.ts'
import { beside, type Figures, fixed, type Plan, standing, times } from './rows.ts'
import { gateway, nginx, probe, type Start } from './subject.ts'

/** Opened before the first look, so that what is measured is one more stream and not the first. */
const WARM = 100
const AT_ONCE = 50
/** Long enough for one ping to each reader. */
const SETTLE_MS = 20_000

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
        await new Promise((resolve) => setTimeout(resolve, 1_000))
      }
      try {
        await openAll(WARM)
        const before = residentBytes(pids)
        const used = cpuSeconds(pids)
        await openAll(streams)
        const opening = cpuSeconds(pids) - used
        const opened = residentBytes(pids)
        const idling = cpuSeconds(pids)
        await new Promise((resolve) => setTimeout(resolve, SETTLE_MS))
        return {
          opened: (opened - before) / streams / 1024,
          pinged: (residentBytes(pids) - before) / streams / 1024,
          opening: opening * 1000,
          idling: ((cpuSeconds(pids) - idling) / (SETTLE_MS / 1000)) * 100,
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
      `${fixed(it.opened, 1)} KB each when open (${times(it, n, 'opened')}x nginx, ${times(it, p, 'opened')}x probe), ${fixed(it.pinged, 1)} KB after 20 s; ${fixed(it.opening, 0)} CPU ms to open all, ${fixed(it.idling, 2)} % of a core meanwhile`,
  )
}
