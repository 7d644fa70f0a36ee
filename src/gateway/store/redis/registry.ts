import type { End } from '../../../protocol.ts'
import { Fault } from '../../fault.ts'
import type { NewTask, StoreLimits } from '../store.ts'
import { list } from './entries.ts'
import type { Keys } from './keys.ts'
import type { Link } from './link.ts'
import { type Row, rowsOf } from './rows.ts'
import { SCRIPTS } from './scripts.ts'

export interface RegistryOptions {
  readonly link: Link
  readonly keys: Keys
  readonly gateway: string
  readonly limits: StoreLimits
}

/** What came of a creation: a new task, before which others were freed, or the one that has the claim. */
export type Created =
  | { readonly createdAt: number; readonly freed: readonly string[] }
  | { readonly found: string }

/** What all gateways together know of tasks. Everything here answers in time, or throws Fault `store_unavailable`. */
export class Registry {
  readonly #options: RegistryOptions
  /** Redis is to forget them, and may not have yet. */
  readonly #doomed = new Set<string>()

  constructor(options: RegistryOptions) {
    this.#options = options
  }

  /** @throws Fault `at_capacity`, `idempotency_conflict` */
  async create({ id, claim }: NewTask): Promise<Created> {
    const { link, keys, gateway, limits } = this.#options
    const args = [keys.prefix, gateway, id, String(limits.tasks), ...(claim ? [claim.key, claim.digest] : [])]
    const sent = link.trouble === undefined
    let reply: ReturnType<typeof list>
    try {
      reply = list(await link.ask(SCRIPTS.create, args))
    } catch (error) {
      // It may exist all the same, or soon, and nobody would know of it.
      if (sent) this.forget(id)
      throw error
    }
    const [outcome, detail, ...freed] = reply
    if (outcome === 'created') return { createdAt: Number(detail), freed: freed.map(String) }
    if (outcome === 'found') return { found: String(detail) }
    if (outcome === 'taken') throw new Error(`the task ${id} exists already`)
    if (outcome === 'conflict')
      throw new Fault('idempotency_conflict', 'this Idempotency-Key was used with another body')
    throw new Fault('at_capacity', `all ${limits.tasks} places are taken by running answers`, {
      retryAfterS: 5,
    })
  }

  /** Whether Redis is to forget it. */
  isDoomed(id: string): boolean {
    return this.#doomed.has(id)
  }

  async rows(ids: readonly string[]): Promise<(Row | undefined)[]> {
    if (ids.length === 0) return []
    const { link, keys } = this.#options
    return rowsOf(await link.ask(SCRIPTS.info, [keys.prefix, ...ids]))
  }

  async row(id: string): Promise<Row | undefined> {
    return (await this.rows([id]))[0]
  }

  async newestFirst(): Promise<Row[]> {
    const { link, keys } = this.#options
    const ids = list(await link.ask(SCRIPTS.list, [keys.prefix])).map(String)
    return (await this.rows(ids)).filter((row) => row !== undefined)
  }

  /** False: it had ended already, or is unknown. */
  async end(id: string, end: End): Promise<boolean> {
    const { link, keys, gateway, limits } = this.#options
    const args = [keys.prefix, id, JSON.stringify(end), gateway, String(limits.ttlMs), '']
    return list(await link.ask(SCRIPTS.end, args))[0] === 'sealed'
  }

  /** Which gateway runs it. */
  async ownerOf(id: string): Promise<string | undefined> {
    const { link, keys } = this.#options
    const owner = await link.timely(link.send(['HGET', keys.running, id]))
    return typeof owner === 'string' ? owner : undefined
  }

  /** Which of these logs are not there. */
  async missing(ids: readonly string[]): Promise<string[]> {
    const { link, keys } = this.#options
    const there = await link.timely(Promise.all(ids.map((id) => link.send(['EXISTS', keys.log(id)]))))
    return ids.filter((_, i) => there[i] === 0)
  }

  /** At once if Redis is there, else when `settle` is called. */
  forget(id: string): void {
    this.#doomed.add(id)
    void this.settle()
  }

  async settle(): Promise<void> {
    const { link, keys } = this.#options
    const ids = [...this.#doomed]
    if (ids.length === 0 || link.trouble !== undefined) return
    await link.ask(SCRIPTS.forget, [keys.prefix, ...ids]).then(
      () => {
        for (const id of ids) this.#doomed.delete(id)
      },
      () => {},
    )
  }

  async tidy(): Promise<void> {
    const { link, keys } = this.#options
    await link.ask(SCRIPTS.tidy, [keys.prefix])
  }
}
