import { connect } from 'node:net'
import { KEY } from './client.ts'
import { peakBytes, residentBytes, shared } from './figures.ts'
import { beside, type Figures, fixed, loads, type Plan, share, standing, times } from './rows.ts'
import { direct, gateway, nginx, probe, type Start } from './subject.ts'

const BOUNDARY = 'bench-boundary'
const BEFORE = `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="a.bin"\r\nContent-Type: application/octet-stream\r\n\r\n`
const AFTER = `\r\n--${BOUNDARY}--\r\n`
const PIECE = Buffer.alloc(64 << 10, 'u')

/** Resolves with the milliseconds until the answer to an upload of so many bytes. */
export function upload(port: number, bytes: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const began = performance.now()
    const length = BEFORE.length + bytes + AFTER.length
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(
        `POST /api/upload HTTP/1.1\r\nHost: a\r\nX-Ghost-Key: ${KEY}\r\nContent-Type: multipart/form-data; boundary=${BOUNDARY}\r\nContent-Length: ${length}\r\n\r\n${BEFORE}`,
      )
      let left = bytes
      const more = () => {
        while (left > 0) {
          const size = Math.min(left, PIECE.length)
          left -= size
          if (!socket.write(size === PIECE.length ? PIECE : PIECE.subarray(0, size)) && left > 0)
            return void socket.once('drain', more)
        }
        socket.write(AFTER)
      }
      more()
    })
    socket.on('error', reject)
    socket.once('data', (data: Buffer) => {
      socket.destroy()
      if (data.toString('latin1').startsWith('HTTP/1.1 200')) resolve(performance.now() - began)
      else reject(new Error(data.toString('latin1').slice(0, 300)))
    })
  })
}

/** g. A large file. */
export async function sent(start: Start, bytes: number): Promise<Figures> {
  return standing(
    start,
    async ({ port, pids }) => {
      const once = async () => {
        const before = residentBytes(pids)
        let most = before
        const {
          value,
          cpu,
          share: of,
        } = await shared(pids, async () => {
          let took = 0
          most = await peakBytes(pids, async () => {
            took = await upload(port, bytes)
          })
          return took
        })
        return { ms: value, cpu: cpu * 1000, grown: (most - before) / 1e6, of }
      }
      for (let n = 0; n < 3; n++) await upload(port, 4 << 20)
      const first = await once()
      // Most of what the first one takes is for the compiler, memory too: what is measured is a gateway that has been running.
      for (let n = 0; n < 2; n++) await once()
      const { of, ...again } = await once()
      return { ...again, firstMs: first.ms, firstCpu: first.cpu, firstGrown: first.grown, ...share(of) }
    },
    { GHOST_MAX_UPLOAD_BYTES: `${bytes + (1 << 20)}` },
  )
}

export function uploads(plan: Plan): Promise<void> {
  const bytes = 100e6 * plan.scale
  return beside(
    plan,
    `g. an upload of ${bytes / 1e6} MB`,
    { direct, nginx, probe, gateway },
    (start) => sent(start, bytes),
    (it, { nginx: n, direct: d }) =>
      `${fixed(it.ms, 0)} ms (${times(it, n, 'ms')}x nginx, ${times(it, d, 'ms')}x direct), ${fixed(it.cpu, 0)} CPU ms, ${fixed(it.grown, 1)} MB more resident at most; the first one of the process ${fixed(it.firstMs, 0)} ms, ${fixed(it.firstCpu, 0)} CPU ms, ${fixed(it.firstGrown, 1)} MB; ${loads(it)}`,
  )
}
