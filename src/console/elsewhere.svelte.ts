import type { Api } from './api.ts'
import type { Clock } from './clock.ts'
import type { OwnTasks } from './own.ts'
import { isRecord } from './said.ts'
import type { Shelf } from './shelf.ts'

const ROUND_MS = 20_000
const AGAIN_MS = 3_000
const ANSWER_MS = 6_000
/** A clock of a gateway and that of a phone need not agree. */
const SKEW_MS = 86_400_000

/** An answer that this browser has not asked for. */
export interface Foreign {
  readonly task: string
  readonly since: number
  readonly running: boolean
}

export interface ElsewhereParts {
  readonly api: Pick<Api, 'fetch'>
  readonly shelf: Pick<Shelf, 'conversations' | 'messages'>
  readonly own: OwnTasks
  readonly clock: Clock
  /** Nobody looks, or nobody would answer. */
  readonly idle: () => boolean
}

/** Which answers run at the gateway that no conversation of this browser knows. */
export class Elsewhere {
  found = $state.raw<readonly Foreign[]>([])
  readonly #parts: ElsewhereParts
  /** Unknown the last time: one that was begun here a moment ago may not be written down yet. */
  #doubtful = new Set<string>()
  #dismissed = new Set<string>()
  #pause = new AbortController()

  constructor(parts: ElsewhereParts) {
    this.#parts = parts
  }

  nudge(): void {
    this.#pause.abort()
  }

  dismiss(these: readonly Foreign[] = this.found): void {
    for (const { task } of these) this.#dismissed.add(task)
    this.found = this.found.filter(({ task }) => !this.#dismissed.has(task))
  }

  async watch(signal: AbortSignal): Promise<void> {
    const { clock, idle } = this.#parts
    while (!signal.aborted) {
      const isIdle = idle()
      if (!isIdle) await this.look().catch(() => {}) // Whether the gateway is there is the connection's to say.
      this.#pause = new AbortController()
      const isSure = [...this.#doubtful].every((task) => this.found.some((one) => one.task === task))
      await clock.wait(isSure && !isIdle ? ROUND_MS : AGAIN_MS, AbortSignal.any([this.#pause.signal, signal]))
    }
  }

  async look(): Promise<void> {
    const response = await this.#parts.api.fetch('/api/chat/tasks', {
      signal: AbortSignal.timeout(ANSWER_MS),
    })
    if (!response.ok) return
    const all = read(await response.json())
    // One that has been offered while it ran is still offered when it has ended.
    const offered = new Set(this.found.map(({ task }) => task))
    const asked = all.filter(({ task, running }) => running || offered.has(task))
    const unknown = await this.#unknown(asked.filter(({ task }) => !this.#dismissed.has(task)))
    this.found = unknown.filter(({ task }) => this.#doubtful.has(task))
    this.#doubtful = new Set(unknown.map(({ task }) => task))
  }

  async #unknown(tasks: readonly Foreign[]): Promise<Foreign[]> {
    const { own, shelf } = this.#parts
    const left = new Map(tasks.filter(({ task }) => !own.has(task)).map((one) => [one.task, one]))
    if (left.size === 0) return []
    // A conversation was touched when its newest answer was begun: older ones cannot know these.
    const oldest = Math.min(...[...left.values()].map(({ since }) => since)) - SKEW_MS
    for (const { id, updatedAt } of await shelf.conversations()) {
      if (updatedAt < oldest) continue
      for (const message of await shelf.messages(id)) {
        if (message.role !== 'assistant' || message.task === null || !left.delete(message.task)) continue
        own.add(message.task)
      }
    }
    return [...left.values()]
  }
}

function read(body: unknown): Foreign[] {
  const rows = isRecord(body) && Array.isArray(body.tasks) ? body.tasks : []
  return rows.filter(isRecord).flatMap(({ task_id, status, created_at }) => {
    const since = Date.parse(String(created_at))
    if (typeof task_id !== 'string' || Number.isNaN(since)) return []
    return [{ task: task_id, since, running: status === 'running' }]
  })
}
