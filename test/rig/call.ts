import { createHash } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { taken } from './kernel.ts'
import { reset } from './reset.ts'
import { deferred, eventually, within } from './wait.ts'

export interface Body {
  readonly length: number
  readonly sha256: string
  /** The first 4 MiB; enough for every body that a test looks at. */
  readonly bytes: Buffer
  /** False when the sender broke off. */
  readonly complete: boolean
}

const KEPT_BYTES = 4 * 1024 * 1024

/** One request as it came, and the hand that answers it, byte by byte if need be. */
export class Call {
  readonly method: string
  /** The request target exactly as it was on the wire. */
  readonly target: string
  readonly headers: IncomingMessage['headers']
  readonly rawHeaders: readonly string[]
  /** The other side closed the connection, or ours ended: nothing more can be said. */
  readonly closed: Promise<void>
  /** Bytes of the body that have arrived. */
  received = 0
  /** The script has run to its end. */
  readonly played: Promise<void>
  readonly #played = deferred<void>()
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #socket: Socket
  readonly #arrivals = new Set<() => void>()
  #body: Promise<Body> | undefined

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request
    this.#response = response
    this.#socket = request.socket
    this.method = request.method ?? ''
    this.target = request.url ?? ''
    this.headers = request.headers
    this.rawHeaders = request.rawHeaders
    this.played = this.#played.promise
    const closed = deferred<void>()
    this.closed = closed.promise
    response.once('close', () => closed.resolve())
    request.once('aborted', () => closed.resolve())
    request.on('error', () => {})
    response.on('error', () => {})
  }

  /** Everything the request carries; without this call nothing of the body is read. */
  read(): Promise<Body> {
    this.#body ??= this.#collect()
    return this.#body
  }

  async json(): Promise<unknown> {
    return JSON.parse((await this.read()).bytes.toString('utf8'))
  }

  async #collect(): Promise<Body> {
    const hash = createHash('sha256')
    const kept: Buffer[] = []
    let keptBytes = 0
    const done = deferred<boolean>()
    this.#request.on('data', (piece: Buffer) => {
      this.received += piece.length
      hash.update(piece)
      if (keptBytes < KEPT_BYTES) kept.push(piece)
      keptBytes += piece.length
      for (const arrived of this.#arrivals) arrived()
    })
    this.#request.once('end', () => done.resolve(true))
    this.#request.once('close', () => done.resolve(this.#request.complete))
    const complete = await done.promise
    return { length: this.received, sha256: hash.digest('hex'), bytes: Buffer.concat(kept), complete }
  }

  async receivedAtLeast(bytes: number): Promise<void> {
    const { promise, resolve } = deferred<void>()
    const look = () => {
      if (this.received >= bytes) resolve()
    }
    this.#arrivals.add(look)
    look()
    await within(`${bytes} bytes of the body of ${this.method} ${this.target}`, promise)
    this.#arrivals.delete(look)
  }

  /** Proper HTTP: the head, then pieces, each its own chunk on the wire unless a length was declared, then the end. */
  head(status: number, headers: Record<string, string | readonly string[]> = {}): void {
    for (const [name, value] of Object.entries(headers))
      this.#response.setHeader(name, typeof value === 'string' ? value : [...value])
    this.#response.writeHead(status)
    this.#response.flushHeaders()
  }

  /** Resolves when the bytes were taken by the connection, or when it is gone. */
  write(bytes: string | Uint8Array): Promise<void> {
    const { promise, resolve } = deferred<void>()
    this.#response.write(bytes, () => resolve())
    return Promise.race([promise, this.closed])
  }

  end(bytes?: string | Uint8Array): void {
    if (bytes === undefined) this.#response.end()
    else this.#response.end(bytes)
  }

  /** Exact bytes on the connection, past all HTTP machinery. */
  raw(bytes: string | Uint8Array): Promise<void> {
    const { promise, resolve } = deferred<void>()
    if (this.#socket.destroyed) return Promise.resolve()
    this.#socket.write(bytes, () => resolve())
    return Promise.race([promise, this.closed])
  }

  /** Resolves when all that was said has been read on the other side, so that the next piece is a read of its own. */
  async taken(): Promise<void> {
    const { localPort, remotePort } = this.#socket
    await eventually('what was sent is read', () => this.#socket.destroyed || taken(localPort, remotePort))
  }

  fin(): void {
    this.#socket.end()
  }

  rst(): void {
    reset(this.#socket)
  }

  async play(script: (call: Call) => void | Promise<void>): Promise<void> {
    try {
      await script(this)
    } finally {
      this.#played.resolve()
    }
  }
}
