import { once } from 'node:events'
import { closeSync, openSync, writeFileSync, writeSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { KEY } from './client.ts'
import { quantile, residentBytes, shared } from './figures.ts'
import { beside, type Figures, fixed, loads, type Plan, share, standing, times } from './rows.ts'
import { gateway, probe, type Start } from './subject.ts'

const UPGRADE = `GET /ws HTTP/1.1\r\nHost: a\r\nX-Ghost-Key: ${KEY}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n`
const WRITE_MS = 10
const STAMP = ' sent '

/** Counts the frames of a websocket, and of one in some hundred tells how long its line took. */
function counting(tell: (ms: number | undefined) => void): (data: Buffer) => void {
  let carry = Buffer.alloc(0)
  let count = 0
  return (data) => {
    const all = carry.length > 0 ? Buffer.concat([carry, data]) : data
    let at = 0
    while (at + 4 <= all.length) {
      const short = (all[at + 1] ?? 0) & 127
      const size = short < 126 ? short : all.readUInt16BE(at + 2)
      const head = short < 126 ? 2 : 4
      if (short === 127) throw new Error('a frame is longer than any line')
      if (at + head + size > all.length) break
      if (++count % 97 === 0) {
        const stamp = all.indexOf(STAMP, at)
        tell(
          performance.now() -
            Number.parseFloat(all.toString('latin1', stamp + STAMP.length, stamp + STAMP.length + 16)),
        )
      } else tell(undefined)
      at += head + size
    }
    carry = Buffer.from(all.subarray(at))
  }
}

export interface Fan {
  readonly clients: number
  /** Lines a second. */
  readonly rate: number
  readonly seconds: number
}

/** f. One log to many websockets, each line a message of its own. */
export async function fanOut(start: Start, { clients, rate, seconds }: Fan): Promise<Figures> {
  return standing(start, async ({ port, pids }, dir) => {
    const file = join(dir, 'agent.log')
    writeFileSync(file, '')
    const sockets: Socket[] = []
    const took: number[] = []
    let heard = 0
    const hears = (ms: number | undefined) => {
      heard++
      if (ms !== undefined) took.push(ms)
    }
    try {
      for (let n = 0; n < clients; n++) {
        const socket = connect(port, '127.0.0.1', () => socket.write(UPGRADE))
        sockets.push(socket)
        const [answer] = (await once(socket, 'data')) as [Buffer]
        if (!answer.toString('latin1').startsWith('HTTP/1.1 101')) throw new Error(answer.toString('latin1'))
        socket.on('data', counting(hears))
      }
      const log = openSync(file, 'a')
      const perWrite = Math.round((rate * WRITE_MS) / 1000)
      const write = async (count: number) => {
        const began = performance.now()
        let written = 0
        while (written < count) {
          const due = Math.min(count, ((performance.now() - began) / 1000) * rate)
          for (; written + perWrite <= due; written += perWrite) {
            const line = `2026-01-01 12:00:00 INFO${STAMP}${performance.now().toFixed(3)} tool call number 12345\n`
            writeSync(log, line.repeat(perWrite))
          }
          if (written + perWrite > count) break
          await new Promise((resolve) => setTimeout(resolve, WRITE_MS / 2))
        }
        return written
      }
      const settled = async (expected: number) => {
        const end = performance.now() + 5_000
        while (heard < expected && performance.now() < end) await new Promise((r) => setTimeout(r, 5))
      }
      const warm = await write(rate)
      await settled(warm * clients)
      heard = 0
      took.length = 0
      const {
        value: written,
        cpu,
        share: of,
      } = await shared(pids, async () => {
        const count = await write(rate * seconds)
        await settled(count * clients)
        return count
      })
      closeSync(log)
      took.sort((a, b) => a - b)
      return {
        delivered: heard / (written * clients),
        perSecond: heard / of.seconds,
        cpu: (cpu / heard) * 1e6,
        p50: quantile(took, 0.5),
        p99: quantile(took, 0.99),
        resident: residentBytes(pids) / 1e6,
        ...share(of),
      }
    } finally {
      for (const socket of sockets) socket.destroy()
    }
  })
}

export function logFanOut(plan: Plan): Promise<void> {
  const fan = { clients: Math.round(500 * plan.scale), rate: 2_000, seconds: Math.max(2, 5 * plan.scale) }
  return beside(
    plan,
    `f. ${fan.clients} websockets of ${fan.rate} lines/s`,
    { probe, gateway },
    (start) => fanOut(start, fan),
    (it, { probe: p }) =>
      `${fixed((it.delivered ?? 0) * 100, 1)} % delivered, ${fixed((it.perSecond ?? 0) / 1e3, 0)} k/s, ${fixed(it.cpu)} CPU µs a message (${times(it, p, 'cpu')}x probe), late p50 ${fixed(it.p50, 1)} ms, p99 ${fixed(it.p99, 1)} ms; ${loads(it)}`,
  )
}
