import type { End } from '../../protocol.ts'
import { Fault } from '../fault.ts'
import { messageOf, redirects } from '../refusal.ts'
import type { Appended, StreamStore } from '../store/store.ts'
import type { Call, Flow, Head, Sink, Upstream } from '../upstream.ts'
import { Completeness } from './completeness.ts'
import type { Cut } from './cut.ts'
import { Splitter } from './frames.ts'
import { Reads } from './reads.ts'
import { giveBack, type Room } from './spare.ts'

/** What may wait for the store before the agent is asked to pause. */
const WAITING_BYTES = 256 << 10
const ERROR_BODY_BYTES = 64 << 10
const ERROR_BODY_MS = 5_000

/** A microtask this way leaves 100 bytes to the collector, one of `queueMicrotask` more than twice as many. */
const NOW = Promise.resolve()

export interface PourOptions {
  readonly store: StreamStore
  readonly agent: Upstream
  readonly id: string
  readonly call: Call
  /** Bytes that one unfinished event may have. */
  readonly eventBytes: number
  onFirstByte(): void
  /** The store refused what it must not: the task is given up. */
  onStoreFailure(error: unknown): void
}

/**
 * Pours the agent's answer into the log, whether or not anyone reads. Resolves when the log has its end and the agent's connection is
 * closed; never rejects.
 */
export class Pour implements Sink {
  readonly #options: PourOptions
  readonly #flow: Flow
  readonly over: Promise<void>
  #settle: () => void = () => {}
  #cut: Cut = new Splitter()
  #completeness: Completeness | undefined
  #refusal: { status: number; body: Buffer[]; size: number; timer: NodeJS.Timeout } | undefined
  /** What the log's end will be once everything that came is stored. */
  #end: End | undefined
  #flushing = false
  #scheduled = false
  #paused = false
  #first = true

  constructor(options: PourOptions) {
    this.#options = options
    this.over = new Promise((resolve) => {
      this.#settle = resolve
    })
    this.#flow = options.agent.open(options.call, this)
  }

  /** Closes the agent's connection; the log has been given its end by whoever asks. */
  stop(): void {
    this.#flow.abort(this.#options.agent.fault('bad_answer', 'the call was given up'))
  }

  head(head: Head): void {
    const { agent } = this.#options
    const encoding = head.header('content-encoding')
    if (redirects(head.status))
      return this.#giveUp(
        agent.fault('redirected', 'the agent answered with a redirect, which is not followed'),
      )
    if (encoding !== undefined && encoding.toLowerCase() !== 'identity')
      return this.#giveUp(
        agent.fault('bad_answer', 'the agent compressed its answer, which was not asked for'),
      )
    if (head.status >= 400) {
      const timer = setTimeout(() => this.#refused(), ERROR_BODY_MS)
      this.#refusal = { status: head.status, body: [], size: 0, timer }
      return
    }
    if (!/^text\/event-stream\b/i.test(head.header('content-type') ?? '')) this.#cut = new Reads()
    const framed =
      head.status === 204 ||
      head.header('content-length') !== undefined ||
      /\bchunked\b/i.test(head.header('transfer-encoding') ?? '')
    if (!framed) this.#completeness = new Completeness()
  }

  data(chunk: Buffer): void {
    if (this.#first) {
      this.#first = false
      this.#options.onFirstByte()
    }
    const refusal = this.#refusal
    if (refusal) {
      refusal.body.push(chunk)
      refusal.size += chunk.length
      if (refusal.size > ERROR_BODY_BYTES) this.#refused()
      return
    }
    this.#completeness?.see(chunk)
    this.#cut.push(chunk)
    if (this.#cut.carried > this.#options.eventBytes) return this.#overflow()
    if (this.#cut.waiting > WAITING_BYTES && !this.#paused) {
      this.#paused = true
      this.#flow.pause()
    }
    this.#schedule()
  }

  end(): void {
    if (this.#refusal) return this.#refused()
    if (this.#completeness?.complete === false)
      return this.fail(
        new Fault(
          'agent_bad_answer',
          'the agent broke off: its connection closed before the answer was complete',
        ),
      )
    this.#cut.finish()
    this.#finish({ reason: 'done' })
  }

  fail(fault: Fault): void {
    if (this.#refusal) return this.#refused()
    this.#finish({
      reason: 'failed',
      type: fault.code === 'agent_timeout' ? 'UpstreamTimeout' : 'UpstreamError',
      message: fault.message,
    })
  }

  /** The agent's own refusal, as far as its body came in time. */
  #refused(): void {
    const refusal = this.#refusal
    if (!refusal || this.#end) return
    clearTimeout(refusal.timer)
    const said = messageOf(Buffer.concat(refusal.body).subarray(0, ERROR_BODY_BYTES).toString('utf8'))
    const message = `the agent answered ${refusal.status}${said ? `: ${said}` : ' without saying why'}`
    this.#finish({ reason: 'failed', type: 'UpstreamError', message })
    this.stop()
  }

  #giveUp(fault: Fault): void {
    this.fail(fault)
    this.stop()
  }

  /** The agent may have said all of it by now, and well: what is not kept is missing all the same. */
  #overflow(): void {
    this.#end = {
      reason: 'truncated',
      type: 'BufferCapExceeded',
      message: 'the answer is longer than what is kept of it',
    }
    this.#schedule()
    this.stop()
  }

  #finish(end: End): void {
    this.#end ??= end
    this.#schedule()
  }

  /** All chunks of one read go to the store together: the microtask runs when the read has been taken apart. */
  #schedule(): void {
    if (this.#scheduled || this.#flushing) return
    this.#scheduled = true
    NOW.then(() => this.#flush())
  }

  /** One batch after the other. Steps and not a loop that waits: 100 bytes an event for the collector, and not 500. */
  #flush(): void {
    this.#scheduled = false
    try {
      const batch = this.#cut.take()
      this.#flushing = batch !== undefined
      if (!batch) return this.#seal()
      this.#append(batch).then(
        (appended) => this.#appended(appended),
        (error) => this.#broken(error),
      )
    } catch (error) {
      this.#broken(error)
    }
  }

  #append(batch: Room): Promise<Appended> {
    try {
      return this.#options.store.append(this.#options.id, batch)
    } finally {
      giveBack(batch)
    }
  }

  #appended(appended: Appended): void {
    try {
      if (appended === 'full') this.#overflow()
      else if (appended === 'ended') this.stop()
      else if (this.#paused) {
        this.#paused = false
        this.#flow.resume()
      }
      if (appended === 'stored') return this.#flush()
      this.#flushing = false
      this.#seal()
    } catch (error) {
      this.#broken(error)
    }
  }

  #broken(error: unknown): void {
    this.#flushing = false
    try {
      this.#options.onStoreFailure(error)
      this.stop()
    } finally {
      this.#over()
    }
  }

  #seal(): void {
    if (!this.#end) return
    const { store, id } = this.#options
    store.end(id, this.#end).then(
      () => this.#over(),
      (error) => this.#broken(error),
    )
  }

  #over(): void {
    this.#cut.close()
    this.#settle()
  }
}
