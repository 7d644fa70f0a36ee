import { createHash, randomUUID } from 'node:crypto'
import { type CancelReceipt, type End, REQUEST_HEADER, type TaskView } from '../../protocol.ts'
import { ask } from '../answer.ts'
import { Fault } from '../fault.ts'
import type { StreamStore, TaskInfo } from '../store/store.ts'
import type { Upstream } from '../upstream.ts'
import { Pour } from './pour.ts'

/** How long the agent has to confirm that a turn was cancelled. */
const CONFIRM_MS = 2_000

export interface TasksOptions {
  readonly store: StreamStore
  readonly agent: Upstream
  /** Bytes of one task, and so of one event. */
  readonly taskBytes: number
  onFirstByte?(seconds: number): void
  onStoreFailure(id: string, error: unknown): void
  onEnd?(info: TaskInfo): void
}

interface Running {
  readonly pour: Pour
  readonly requestId: string
}

/** The answers this process pours into the store. Each outlives the request that started it. */
export class Tasks {
  readonly #options: TasksOptions
  readonly #running = new Map<string, Running>()

  constructor(options: TasksOptions) {
    this.#options = options
    options.store.shared?.onCancel((id) => this.#cancelHere(id))
  }

  get running(): number {
    return this.#running.size
  }

  /**
   * Starts a task for a chat body, or joins the one that was started with the same claim.
   * @throws Fault `at_capacity`, `idempotency_conflict`
   */
  async start(body: Buffer, claimKey: string | undefined): Promise<string> {
    const { store, agent, taskBytes } = this.#options
    const id = randomUUID()
    const claim = claimKey && { key: claimKey, digest: createHash('sha256').update(body).digest('base64') }
    const info = await store.create(claim ? { id, claim } : { id })
    if (info.id !== id) return info.id
    const requestId = randomUUID()
    const startedAt = performance.now()
    const pour = new Pour({
      store,
      agent,
      id,
      eventBytes: taskBytes,
      call: {
        method: 'POST',
        path: '/api/chat',
        headers: { ...JSON_CALL, accept: 'text/event-stream, application/json', [REQUEST_HEADER]: requestId },
        body,
      },
      onFirstByte: () => this.#options.onFirstByte?.((performance.now() - startedAt) / 1000),
      onStoreFailure: (error) => this.#options.onStoreFailure(id, error),
    })
    this.#running.set(id, { pour, requestId })
    void pour.over.then(() => this.#over(id))
    return id
  }

  /** Ends a running task as cancelled, closes its connection and tells the agent, wherever it runs. Undefined: done or unknown. */
  async cancel(id: string): Promise<CancelReceipt | undefined> {
    const { store } = this.#options
    if (this.#running.has(id) || !store.shared) return this.#cancelHere(id)
    if ((await store.info(id))?.status !== 'running') return undefined
    const receipt = await store.shared.askToCancel(id)
    if (receipt !== 'unconfirmed') return receipt ?? this.#cancelHere(id)
    const agent = { closed_ms: null, turn_cancelled: null, unconfirmed: true } as const
    // The owner may have sealed it a moment ago, and be waiting for its agent.
    const sealed = (await store.end(id, CANCELLED)) || (await store.info(id))?.status === 'cancelled'
    return sealed ? { status: 'cancelled', agent } : undefined
  }

  async #cancelHere(id: string): Promise<CancelReceipt | undefined> {
    if (!(await this.#options.store.end(id, CANCELLED))) return undefined
    const running = this.#running.get(id)
    if (!running) return { status: 'cancelled', agent: { closed_ms: 0, turn_cancelled: null } }
    const startedAt = performance.now()
    running.pour.stop()
    const told = this.#tell(running.requestId)
    await running.pour.over
    const closed_ms = Math.round(performance.now() - startedAt)
    return { status: 'cancelled', agent: { closed_ms, turn_cancelled: await told } }
  }

  /** Ends everything that still runs; the readers are told `Interrupted`. */
  async interrupt(message: string): Promise<void> {
    const end: End = { reason: 'interrupted', type: 'Interrupted', message }
    await Promise.all(
      [...this.#running].map(async ([id, { pour }]) => {
        await this.#options.store.end(id, end)
        pour.stop()
        await pour.over
      }),
    )
  }

  /** Resolves when nothing runs any more, or when `ms` have passed. */
  async idle(ms: number): Promise<void> {
    const all = Promise.all([...this.#running.values()].map(({ pour }) => pour.over))
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms)
    })
    await Promise.race([all, late])
    clearTimeout(timer)
  }

  async #over(id: string): Promise<void> {
    this.#running.delete(id)
    const info = await this.#options.store.info(id)
    if (info) this.#options.onEnd?.(info)
  }

  /** True or false as the agent says; null when it has no such endpoint. */
  async #tell(requestId: string): Promise<boolean | null> {
    const { agent } = this.#options
    try {
      const body = Buffer.from(JSON.stringify({ request_id: requestId }))
      const call = { method: 'POST', path: '/api/turn/cancel', headers: JSON_CALL, body } as const
      const answer = await ask(agent, call, AbortSignal.timeout(CONFIRM_MS))
      const said = await answer.text(4096, CONFIRM_MS)
      if ([404, 405, 501].includes(answer.status)) return null
      return answer.status < 300 && !/"(cancelled|success|ok)"\s*:\s*false/.test(said)
    } catch (error) {
      if (error instanceof Fault) return false
      throw error
    }
  }
}

const CANCELLED: End = { reason: 'cancelled' }
const JSON_CALL = { 'content-type': 'application/json' } as const

/** A log's own knowledge, as the wire tells it. */
export function viewOf(info: TaskInfo): TaskView {
  const { end } = info
  return {
    task_id: info.id,
    status: info.status,
    chunks: info.chunks,
    bytes: info.bytes,
    created_at: new Date(info.createdAt).toISOString(),
    finished_at: info.finishedAt === undefined ? null : new Date(info.finishedAt).toISOString(),
    error: end && 'type' in end ? { message: end.message, type: end.type } : null,
  }
}
