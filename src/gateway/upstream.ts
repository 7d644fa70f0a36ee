import type { IncomingHttpHeaders } from 'node:http'
import type { Socket } from 'node:net'
import type { buildConnector, Dispatcher } from 'undici'
import build from 'undici/lib/core/connect.js'
import Pool from 'undici/lib/dispatcher/pool.js'
import { KEY_HEADER } from '../protocol.ts'
import { DIRECT, readDirectly } from './direct.ts'
import { type Code, Fault } from './fault.ts'

export interface UpstreamOptions {
  /** What people call it, and how its fault codes begin. */
  readonly name: 'agent' | 'voice'
  /** Base URL; its path, if it has one, comes before every path asked for. */
  readonly url: string
  /** Sent as `X-Ghost-Key`; the voice server gets none. */
  readonly key?: string
  readonly connectMs: number
  /** How long it may send nothing, before its head and after. */
  readonly silenceMs: number
}

export interface Call {
  readonly method: Dispatcher.HttpMethod
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: Uint8Array | AsyncIterable<Uint8Array>
}

/** An answer's status and headers. Header bytes are kept as Latin-1, which is how they leave again. */
export interface Head {
  readonly status: number
  header(name: string): string | undefined
}

/** Where an answer goes. After `end` or `fail`, nothing. */
export interface Sink {
  head(head: Head): void
  data(chunk: Buffer): void
  end(): void
  fail(fault: Fault): void
}

export interface Flow {
  pause(): void
  resume(): void
  /** Closes the connection; `fail` is told at once. */
  abort(reason: Fault): void
}

/**
 * The agent or the voice server behind one pool of its own. Nothing that may have arrived is sent twice, redirects are not followed
 * (the key would travel with them) and compression is not asked for.
 */
export class Upstream {
  readonly name: 'agent' | 'voice'
  readonly #pool: InstanceType<typeof Pool>
  readonly #path: string
  /** Name and value in turn. */
  readonly #headers: readonly string[]

  constructor(options: UpstreamOptions) {
    const url = new URL(options.url)
    this.name = options.name
    this.#path = url.pathname.replace(/\/+$/, '')
    this.#headers = options.key === undefined ? [] : [KEY_HEADER, options.key]
    this.#pool = new Pool(url.origin, {
      pipelining: 1,
      connect: connector(url, options.connectMs),
      headersTimeout: options.silenceMs,
      bodyTimeout: options.silenceMs,
    })
  }

  /** Sends a call and lets its answer flow into the sink, as it comes. */
  open(call: Call, sink: Sink): Flow {
    const exchange = new Exchange(sink, (error) => this.#faultOf(error))
    const headers = [...this.#headers]
    for (const name in call.headers) headers.push(name, call.headers[name] ?? '')
    this.#pool.dispatch(
      {
        method: call.method,
        path: this.#path + call.path,
        headers,
        // An async iterable is a body too, though the types do not say so.
        body: call.body ?? null,
      } as Dispatcher.DispatchOptions,
      exchange,
    )
    return exchange
  }

  /** A fault of this upstream's own, `agent_…` or `voice_…`. */
  fault(
    kind: 'unreachable' | 'redirected' | 'bad_answer' | 'timeout',
    message: string,
    cause?: unknown,
  ): Fault {
    const code: Code = `${this.name}_${kind}`
    return new Fault(code, message, { cause })
  }

  async close(): Promise<void> {
    await this.#pool.destroy()
  }

  #faultOf(error: Error & { code?: string }): Fault {
    const who = `the ${this.name === 'agent' ? 'agent' : 'voice server'}`
    const code = error.code ?? error.name
    if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT')
      return this.fault('timeout', `${who} did not accept the connection in time`, error)
    if (error instanceof AggregateError || UNREACHABLE.test(code))
      return this.fault('unreachable', `${who} cannot be reached (${code})`, error)
    if (code === 'UND_ERR_HEADERS_TIMEOUT' || code === 'UND_ERR_BODY_TIMEOUT')
      return this.fault('timeout', `${who} sent nothing for too long`, error)
    return this.fault('bad_answer', `${who} broke off the connection (${code})`, error)
  }
}

type Connect = (options: buildConnector.Options, callback: buildConnector.Callback) => Socket

function connector({ protocol }: URL, timeout: number): buildConnector.connector {
  if (protocol === 'https:') return build({ timeout })
  // It gives the socket, though the types do not say so.
  const open = build({ timeout, ...DIRECT }) as unknown as Connect
  return (options, callback) => readDirectly(open(options, callback))
}

/** One call and its answer, on their way. A class, since thousands may be silent at once and closures would be a good part of each. */
class Exchange implements Flow, Dispatcher.DispatchHandler {
  readonly #sink: Sink
  readonly #faultOf: (error: Error) => Fault
  #controller: Dispatcher.DispatchController | undefined
  #over = false
  #aborted: Fault | undefined

  constructor(sink: Sink, faultOf: (error: Error) => Fault) {
    this.#sink = sink
    this.#faultOf = faultOf
  }

  // Its connection may have gone on to another call.
  pause(): void {
    if (!this.#over) this.#controller?.pause()
  }
  resume(): void {
    if (!this.#over) this.#controller?.resume()
  }
  abort(reason: Fault): void {
    this.#aborted = reason
    this.#controller?.abort(reason)
    this.#fail(reason)
  }

  onRequestStart(started: Dispatcher.DispatchController): void {
    this.#controller = started
    if (this.#aborted) started.abort(this.#aborted)
  }
  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    // 1xx only says that the answer is still to come.
    if (this.#over || status < 200) return
    this.#tell(() => this.#sink.head({ status, header: (name) => firstOf(headers[name]) }))
  }
  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#over) return
    // Not by way of `tell`: a closure for every chunk.
    try {
      this.#sink.data(chunk)
    } catch (error) {
      this.#threw(error)
    }
  }
  onResponseEnd(): void {
    if (this.#over) return
    this.#tell(() => this.#sink.end())
    this.#over = true
  }
  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#fail(error instanceof Fault ? error : this.#faultOf(error))
  }

  #tell(act: () => void): void {
    try {
      act()
    } catch (error) {
      this.#threw(error)
    }
  }

  /** A sink that throws must not leave its call without an end. */
  #threw(error: unknown): void {
    this.#fail(new Fault('internal_error', 'the answer could not be taken in', { cause: error }))
    this.#controller?.abort(error instanceof Error ? error : new Error(String(error)))
  }

  #fail(fault: Fault): void {
    if (this.#over) return
    this.#over = true
    this.#sink.fail(fault)
  }
}

const UNREACHABLE =
  /^(ECONNREFUSED|ENOTFOUND|EAI_\w+|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|ERR_TLS_\w+|ERR_SSL_\w+|CERT_\w+|DEPTH_\w+|SELF_SIGNED\w*|UNABLE_TO_\w+)$/

const firstOf = (value: string | string[] | undefined) => (Array.isArray(value) ? value[0] : value)
