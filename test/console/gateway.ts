import type { Exchange } from '../../src/console/exchange.ts'
import type { TaskStatus } from '../../src/protocol.ts'

interface Connection {
  readonly controller: ReadableStreamDefaultController<Uint8Array>
  closed: boolean
}

const encoder = new TextEncoder()

/** The gateway's side of one answer, small enough to be cut anywhere. */
export class ScriptedGateway implements Exchange {
  readonly asked: string[] = []
  knocks = 0
  readonly resumed: number[] = []
  readonly cancelled: string[] = []
  /** How often the agent was really called. */
  runs = 0
  isDown = false
  /** The request arrives, its answer does not. */
  losesAnswers = false
  isNumbered = true
  refuses: (() => Response) | undefined
  state: TaskStatus = 'running'
  /** Repeats chunks that were asked for no more. */
  repeats = 0
  cancelAnswer: () => Response = () =>
    Response.json({ status: 'cancelled', agent: { closed_ms: 1, turn_cancelled: true } })

  readonly #chunks: string[] = []
  readonly #keys = new Set<string>()
  readonly #connections = new Set<Connection>()
  #ending: string | undefined

  get connections(): number {
    return [...this.#connections].filter((it) => !it.closed).length
  }

  /** One chunk of the agent, as the lines of an event without its number. */
  say(...chunks: readonly string[]): void {
    for (const chunk of chunks) {
      this.#chunks.push(chunk)
      this.send(this.#bytes(this.#chunks.length - 1))
    }
  }

  /** Bytes to whoever is connected now, and to nobody later. */
  send(bytes: string): void {
    for (const it of this.#connections) if (!it.closed) it.controller.enqueue(encoder.encode(bytes))
  }

  end(state: TaskStatus = 'done', ending = ''): void {
    this.state = state
    this.#ending = ending
    for (const it of this.#connections) this.#finish(it)
  }

  /** Every connection breaks. */
  cut(): void {
    for (const it of this.#connections) {
      if (!it.closed) it.controller.error(new TypeError('network error'))
      it.closed = true
    }
  }

  /** Every connection ends as if all had been said. */
  close(): void {
    for (const it of this.#connections) {
      if (!it.closed) it.controller.close()
      it.closed = true
    }
  }

  async ask(key: string, signal: AbortSignal): Promise<Response> {
    this.asked.push(key)
    if (this.isDown) throw new TypeError('failed to fetch')
    if (this.refuses) return this.refuses()
    if (!this.#keys.has(key)) this.runs += 1
    this.#keys.add(key)
    if (this.losesAnswers) throw new TypeError('failed to fetch')
    return this.#stream(0, signal)
  }

  async knock(): Promise<Response> {
    this.knocks += 1
    if (this.isDown) throw new TypeError('failed to fetch')
    return this.refuses ? this.refuses() : Response.json({ tasks: [] })
  }

  async resume(_task: string, offset: number, signal: AbortSignal): Promise<Response> {
    this.resumed.push(offset)
    if (this.isDown) throw new TypeError('failed to fetch')
    if (this.refuses) return this.refuses()
    return this.#stream(Math.max(0, offset - this.repeats), signal)
  }

  async cancel(task: string): Promise<Response> {
    this.cancelled.push(task)
    if (this.isDown) throw new TypeError('failed to fetch')
    return this.cancelAnswer()
  }

  async status(): Promise<Response> {
    if (this.isDown) throw new TypeError('failed to fetch')
    return Response.json({ status: this.state, error: null })
  }

  #stream(from: number, signal: AbortSignal): Response {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        const it: Connection = { controller, closed: false }
        this.#connections.add(it)
        for (let at = from; at < this.#chunks.length; at += 1)
          controller.enqueue(encoder.encode(this.#bytes(at)))
        this.#finish(it)
        signal.addEventListener('abort', () => {
          if (!it.closed) controller.error(new DOMException('aborted', 'AbortError'))
          it.closed = true
        })
      },
    })
    return new Response(body, { headers: { 'content-type': 'text/event-stream', 'x-task-id': 'task-1' } })
  }

  #bytes(at: number): string {
    const chunk = this.#chunks[at] ?? ''
    return this.isNumbered ? `id: ${at}\n${chunk}\n\n` : chunk
  }

  #finish(it: Connection): void {
    if (this.#ending === undefined || it.closed) return
    if (this.#ending !== '') it.controller.enqueue(encoder.encode(this.#ending))
    it.controller.close()
    it.closed = true
  }
}

/** A piece of an answer as most agents say it. */
export const words = (content: string): string =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content }, finish_reason: null }] })}`
export const DONE = 'data: [DONE]'
