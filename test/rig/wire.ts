import { connect, type Socket } from 'node:net'
import { reset } from './reset.ts'
import { deferred, within } from './wait.ts'

export interface RawAnswer {
  readonly status: number
  /** Lower-case names, in order, duplicates kept. */
  readonly headers: readonly (readonly [string, string])[]
  readonly body: Buffer
  header(name: string): string | undefined
}

/** A TCP client that says exactly what it is told and keeps what it hears. */
export class Wire {
  readonly socket: Socket
  /** `fin`: the other side ended; `broken`: it was reset. A reset right behind unread bytes looks like `fin` to libuv. */
  readonly over: Promise<'fin' | 'broken'>
  readonly #heard: Buffer[] = []
  readonly #listeners = new Set<() => void>()

  /** `from`: the address it comes from; all of 127.0.0.0/8 is this machine. */
  constructor(port: number, host = '127.0.0.1', from?: string) {
    this.socket = connect({ port, host, allowHalfOpen: true, ...(from && { localAddress: from }) })
    const over = deferred<'fin' | 'broken'>()
    this.over = over.promise
    this.socket.on('data', (piece: Buffer) => {
      this.#heard.push(piece)
      this.#tell()
    })
    this.socket.on('end', () => {
      over.resolve('fin')
      this.#tell()
      this.socket.end()
    })
    this.socket.on('error', () => {})
    this.socket.on('close', () => {
      over.resolve('broken')
      this.#tell()
    })
  }

  #tell(): void {
    for (const look of this.#listeners) look()
  }

  get heard(): Buffer {
    return Buffer.concat(this.#heard)
  }

  /** From now on takes a little and rests for so long, again and again; says how often it has. */
  sip(restMs: number): () => number {
    let sips = 0
    this.socket.on('data', () => {
      this.socket.pause()
      sips += 1
      setTimeout(() => this.socket.resume(), restMs)
    })
    return () => sips
  }

  /** Resolves when the bytes have left; at once when the connection is gone. */
  write(bytes: string | Uint8Array): Promise<void> {
    const { promise, resolve } = deferred<void>()
    this.socket.write(bytes, () => resolve())
    return Promise.race([promise, this.over.then(() => undefined)])
  }

  /** Ends our side only. */
  finish(): void {
    this.socket.end()
  }

  leave(): void {
    this.socket.destroy()
  }

  reset(): void {
    reset(this.socket)
  }

  /** All that was heard, once it satisfies `enough`. Fails when the other side is done first. */
  async until(enough: string | ((heard: Buffer) => boolean)): Promise<Buffer> {
    const test = typeof enough === 'string' ? (heard: Buffer) => heard.includes(enough) : enough
    const { promise, resolve, reject } = deferred<Buffer>()
    const look = () => {
      if (test(this.heard)) resolve(this.heard)
    }
    this.#listeners.add(look)
    look()
    void this.over.then((how) =>
      reject(
        new Error(`the connection was over (${how}) after ${JSON.stringify(String(this.heard).slice(-300))}`),
      ),
    )
    try {
      return await within(typeof enough === 'string' ? JSON.stringify(enough) : 'what was awaited', promise)
    } finally {
      this.#listeners.delete(look)
    }
  }

  /** The one answer on this connection, read to the end of the connection. */
  async answer(): Promise<RawAnswer> {
    await within('the end of a connection', this.over)
    return parseAnswer(this.heard)
  }
}

/** Takes an answer apart; its body is undone of chunks. */
export function parseAnswer(bytes: Buffer): RawAnswer {
  const split = bytes.indexOf('\r\n\r\n')
  if (split < 0) throw new Error(`no answer in ${JSON.stringify(bytes.toString('latin1').slice(0, 200))}`)
  const [statusLine = '', ...lines] = bytes.subarray(0, split).toString('latin1').split('\r\n')
  const headers = lines.map((line) => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
  })
  const header = (name: string) => headers.find(([key]) => key === name)?.[1]
  const rest = bytes.subarray(split + 4)
  const body = header('transfer-encoding') === 'chunked' ? unchunk(rest) : rest
  return { status: Number(statusLine.split(' ')[1]), headers, body, header }
}

function unchunk(bytes: Buffer): Buffer {
  const parts: Buffer[] = []
  let at = 0
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at)
    if (lineEnd < 0) break
    const size = Number.parseInt(bytes.subarray(at, lineEnd).toString('latin1'), 16)
    if (!size) break
    parts.push(bytes.subarray(lineEnd + 2, lineEnd + 2 + size))
    at = lineEnd + 2 + size + 2
  }
  return Buffer.concat(parts)
}
