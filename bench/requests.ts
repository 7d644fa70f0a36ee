import { connect } from 'node:net'
import { chatRequest } from './client.ts'
import { quantile, shared } from './figures.ts'
import { beside, type Figures, fixed, loads, type Plan, share, standing, times } from './rows.ts'
import { direct, gateway, nginx, probe, type Start } from './subject.ts'

const CONNECTIONS = 32
const FIRST_MS = 1_000
/** By then it is compiled: what is measured is a gateway that has been running. */
const WARM_MS = 4_000

/** One connection that asks again as soon as it has its answer, until it is told to stop. */
export function asking(
  port: number,
  request: string,
  until: () => boolean,
  tell: (ms: number) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = ''
    let sent = 0
    const socket = connect(port, '127.0.0.1', () => ask()).setNoDelay(true)
    const ask = () => {
      sent = performance.now()
      socket.write(request)
    }
    socket.on('error', reject)
    socket.on('data', (data: Buffer) => {
      text += data.toString('latin1')
      const end = text.indexOf('\r\n\r\n')
      if (end < 0) return
      const length = Number(/\r\ncontent-length: *(\d+)/i.exec(text)?.[1] ?? Number.NaN)
      if (Number.isNaN(length) || !text.startsWith('HTTP/1.1 200'))
        return reject(new Error(text.slice(0, 300)))
      if (text.length < end + 4 + length) return
      text = ''
      tell(performance.now() - sent)
      if (!until()) return ask()
      socket.destroy()
      resolve()
    })
  })
}

/** c. A chat that is not streamed, over and over on 32 connections. */
export async function asked(start: Start, seconds: number): Promise<Figures> {
  return standing(start, async ({ port, pids }) => {
    const request = chatRequest({}, false)
    const during = async (ms: number) => {
      const took: number[] = []
      const end = performance.now() + ms
      const over = () => performance.now() >= end
      await Promise.all(
        Array.from({ length: CONNECTIONS }, () => asking(port, request, over, (it) => void took.push(it))),
      )
      return took.sort((a, b) => a - b)
    }
    const first = await shared(pids, () => during(FIRST_MS))
    await during(WARM_MS)
    const { value: took, cpu, share: of } = await shared(pids, () => during(seconds * 1000))
    return {
      perSecond: took.length / of.seconds,
      p50: quantile(took, 0.5),
      p99: quantile(took, 0.99),
      cpu: (cpu / took.length) * 1e6,
      firstCpu: (first.cpu / first.value.length) * 1e6,
      ...share(of),
    }
  })
}

export function requests(plan: Plan): Promise<void> {
  return beside(
    plan,
    `c. JSON answers on ${CONNECTIONS} connections`,
    { direct, nginx, probe, gateway },
    (start) => asked(start, Math.max(1, 3 * plan.scale)),
    (it, { nginx: n, probe: p }) =>
      `${fixed(it.perSecond, 0)}/s, p50 ${fixed(it.p50)} ms, p99 ${fixed(it.p99)} ms, ${fixed(it.cpu, 1)} CPU µs each (${times(it, n, 'cpu')}x nginx, ${times(it, p, 'cpu')}x probe), ${fixed(it.firstCpu, 0)} in the first second of the process; ${loads(it)}`,
  )
}
