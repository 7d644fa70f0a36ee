import type { Readiness } from '../protocol.ts'
import type { Api } from './api.ts'
import { backOff, type Clock } from './clock.ts'
import { reloadOnce } from './reload.ts'
import { isRecord } from './said.ts'

export type Health = 'connecting' | 'online' | 'offline' | 'gone' | 'refused' | 'agent-down'

const CALM_MS = 10_000
const UNSEEN_MS = 60_000
const RETRY_MOST_MS = 8_000
const ANSWER_MS = 6_000

/** Whether gateway and agent can be reached, since when, and what the gateway says of it. */
export class Connection {
  health = $state<Health>('connecting')
  since = $state(0)
  detail = $state('')
  logState = $state<Readiness['log']['state'] | undefined>(undefined)

  readonly #clock: Clock
  readonly #api: Api
  #pause = new AbortController()
  #keyTried = false

  constructor(clock: Clock, api: Api) {
    this.#clock = clock
    this.since = clock.now()
    this.#api = api
  }

  /** Looks again now. */
  nudge(): void {
    this.#pause.abort()
  }

  refused(): void {
    this.#set('refused')
  }

  async watch(): Promise<never> {
    for (let tries = 0; ; tries += 1) {
      await this.#look()
      const isWell = this.health === 'online'
      if (isWell) tries = 0
      this.#pause = new AbortController()
      const ms = isWell
        ? document.hidden
          ? UNSEEN_MS
          : CALM_MS
        : backOff(tries, RETRY_MOST_MS, this.#clock.random())
      await this.#clock.wait(ms, this.#pause.signal)
    }
  }

  async #look(): Promise<void> {
    const limit = AbortSignal.timeout(ANSWER_MS)
    const body: unknown = await fetch('/readyz', { cache: 'no-store', signal: limit })
      .then((response) => response.json().catch(() => ({})))
      .catch(() => undefined)
    if (body === undefined) {
      this.#keyTried = false
      this.logState = undefined
      return this.#set(navigator.onLine ? 'gone' : 'offline')
    }
    // The page that has the key can be had again.
    if (!this.#api.hasKey) {
      reloadOnce(this.#clock.now())
      return this.#set('gone', 'the gateway is back: this page opens anew')
    }
    if (this.health === 'refused' && this.#keyTried) return
    // Only once per stretch of good connection: whether this page's key is still the gateway's.
    if (!this.#keyTried) {
      const answer = await this.#api.fetch('/api/chat/tasks', { signal: limit }).catch(() => undefined)
      if (!answer) return this.#set('gone')
      this.#keyTried = true
      if (answer.status === 401) return this.#set('refused')
    }
    this.#read(body)
  }

  #read(body: unknown): void {
    const ready = (isRecord(body) ? body : {}) as Partial<Readiness>
    this.logState = ready.log?.state
    if (ready.status === 'shutting_down') this.#set('gone', 'the gateway is shutting down')
    else if (ready.agent?.state === 'down') this.#set('agent-down', ready.agent.detail)
    else this.#set('online')
  }

  #set(health: Health, detail = ''): void {
    if (this.health !== health) this.since = this.#clock.now()
    this.health = health
    this.detail = detail
  }
}
