import type { Writable } from 'node:stream'
import type { Fault } from './fault.ts'
import type { Leaving } from './store/store.ts'
import type { Call, Flow, Head, Sink, Upstream } from './upstream.ts'

/** What may come of a body before somebody takes it. */
const EARLY_BYTES = 64 << 10

/** An upstream's answer whose body nobody has taken yet. Exactly one of `pour`, `text` and `drop` ends it. */
export interface Answer extends Head {
  /**
   * Lets the body flow into a response, at the pace of its reader: `taken` resolves when that has taken what was written. A body that
   * breaks off breaks the response off too.
   */
  pour(out: Writable, taken: () => Promise<void>): Promise<void>
  /** What arrives of the body within these bounds. */
  text(maxBytes: number, ms: number): Promise<string>
  drop(): void
}

/**
 * Sends a call and waits for the head of its answer. `signal` gives the call up, also while its body flows.
 * @throws Fault of the upstream, when there is no answer
 */
export function ask(upstream: Upstream, call: Call, signal?: Leaving): Promise<Answer> {
  return new Promise((resolve, reject) => {
    new Asked(upstream, signal, resolve, reject).send(call)
  })
}

/** A call on its way, and then its answer. */
class Asked implements Sink, Answer {
  readonly #upstream: Upstream
  readonly #signal: Leaving | undefined
  readonly #resolve: (answer: Answer) => void
  /** What came before somebody took it: most answers are whole by then, and to stop and go on costs as much as they do. */
  #early: Buffer[] = []
  #held = 0
  #head: Head | undefined
  #flow: Flow | undefined
  #ended: { readonly fault: Fault | undefined } | undefined
  #take: ((chunk: Buffer) => void) | undefined
  #over: (fault?: Fault) => void
  #isWaiting = false

  constructor(
    upstream: Upstream,
    signal: Leaving | undefined,
    resolve: (answer: Answer) => void,
    reject: (fault?: Fault) => void,
  ) {
    this.#upstream = upstream
    this.#signal = signal
    this.#resolve = resolve
    this.#over = reject
  }

  send(call: Call): void {
    this.#flow = this.#upstream.open(call, this)
    if (this.#ended) return
    this.#signal?.addEventListener('abort', this.drop)
    if (this.#signal?.aborted) this.drop()
  }

  head(head: Head): void {
    this.#head = head
    this.#over = () => {}
    this.#resolve(this)
  }
  data(chunk: Buffer): void {
    if (this.#take) return this.#take(chunk)
    this.#early.push(chunk)
    this.#held += chunk.length
    if (this.#held >= EARLY_BYTES) this.#flow?.pause()
  }
  end(): void {
    this.#settle()
  }
  fail(fault: Fault): void {
    this.#settle(fault)
  }

  get status(): number {
    return this.#head?.status ?? 0
  }
  header(name: string): string | undefined {
    return this.#head?.header(name)
  }

  pour(out: Writable, taken: () => Promise<void>): Promise<void> {
    return new Promise((resolve) => {
      if (out.destroyed) this.drop()
      const resume = () => {
        this.#isWaiting = false
        this.#flow?.resume()
      }
      this.#listen(
        (chunk) => {
          // What was read already may still come after the pause.
          if (out.write(chunk) || this.#isWaiting) return
          this.#isWaiting = true
          this.#flow?.pause()
          void taken().then(resume)
        },
        (fault) => {
          if (fault) out.destroy()
          else out.end()
          resolve()
        },
      )
    })
  }

  text(maxBytes: number, ms: number): Promise<string> {
    return new Promise((resolve) => {
      const chunks: Buffer[] = []
      let size = 0
      const timer = setTimeout(this.drop, ms)
      this.#listen(
        (chunk) => {
          chunks.push(chunk.subarray(0, Math.max(0, maxBytes - size)))
          size += chunk.length
          if (size >= maxBytes) this.drop()
        },
        () => {
          clearTimeout(timer)
          resolve(Buffer.concat(chunks).toString('utf8'))
        },
      )
    })
  }

  readonly drop = (): void => this.#flow?.abort(this.#upstream.fault('bad_answer', 'the call was given up'))

  #listen(take: (chunk: Buffer) => void, over: (fault?: Fault) => void): void {
    const early = this.#early
    this.#early = []
    this.#take = take
    this.#over = over
    for (const chunk of early) take(chunk)
    if (this.#ended) over(this.#ended.fault)
    else if (this.#held >= EARLY_BYTES && !this.#isWaiting) this.#flow?.resume()
  }

  #settle(fault?: Fault): void {
    this.#signal?.removeEventListener('abort', this.drop)
    this.#ended = { fault }
    this.#over(fault)
  }
}
