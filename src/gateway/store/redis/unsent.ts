import { setImmediate as turn } from 'node:timers/promises'
import type { End } from '../../../protocol.ts'
import type { Appended } from '../store.ts'
import { list } from './entries.ts'
import { entryId, type Keys } from './keys.ts'
import { type Link, wordsOf } from './link.ts'
import { answer, LOST, type Owned, reveal } from './owned.ts'
import { Parcel } from './parcel.ts'
import { Rest } from './rest.ts'
import { gather, judge } from './round.ts'
import { rowsOf } from './rows.ts'
import { SCRIPTS } from './scripts.ts'
import { Turns } from './turns.ts'

export interface UnsentOptions {
  readonly link: Link
  readonly keys: Keys
  /** Who ends a task. */
  readonly gateway: string
  readonly ttlMs: number
  /** How long Redis may take before the readers here need not wait for it. */
  readonly patienceMs: number
  /** What a task may have that Redis does not, before its agent has to pause. */
  readonly unsentBytes: number
  readonly shown: string
  /** The readers here may be told the end. */
  onEnd(entry: Owned, end: End): void
}

const RETRY_MS = 200
const TICKS = 10

/**
 * What Redis does not have yet of the tasks that run here. All that is new goes there in one round trip, and the next one begins when
 * its answer has come: so a log cannot have a gap, whatever fails. What is in doubt is asked for before it is sent again.
 */
export class Unsent {
  readonly #options: UnsentOptions
  readonly #turns = new Turns()
  readonly #parcel = new Parcel()
  readonly #doubtful = new Set<Owned>()
  #rounds: Promise<void> | undefined
  #trouble: string | undefined
  /** Ticks without an answer. Counted, not measured: a process that was stopped itself must not think that Redis was. */
  #ticks = 0
  #timer: NodeJS.Timeout | undefined
  #away = false
  /** What Redis works on. */
  #running: readonly Owned[] = []
  /** Whose turn it was in the last round: what Redis has of them is not shown yet. */
  #settled: readonly Owned[] = []
  #closed = false
  readonly #rest = new Rest()

  constructor(options: UnsentOptions) {
    this.#options = options
  }

  /** Why what is shown may not be in Redis. Undefined: it is. */
  get trouble(): string | undefined {
    return this.#trouble ?? (this.#away ? `Redis at ${this.#options.shown} does not answer` : undefined)
  }

  /** Something of the entry is new: chunks, or its end. */
  add(entry: Owned): void {
    this.#turns.add(entry)
    if (this.#away) this.#show(entry)
    this.#timer ??= setInterval(() => this.#tick(), this.#options.patienceMs / TICKS)
    this.#rounds ??= this.#run()
  }

  /** Nobody knows what Redis has of these. */
  doubt(entries: Iterable<Owned>): void {
    for (const entry of entries) {
      if (entry.sealed) continue
      this.#doubtful.add(entry)
      this.add(entry)
    }
  }

  drop(entry: Owned): void {
    this.#turns.drop(entry)
    this.#doubtful.delete(entry)
  }

  /** There is a connection again. */
  hurry(): void {
    this.#rest.cut()
  }

  /** Resolves with `outcome` when the chunks before `chunk` can be seen, unless too much would be unsent; or when the entry is over. */
  seen(entry: Owned, chunk: number, outcome: Appended): Promise<Appended> {
    return new Promise((resolve) => {
      entry.awaiting = { chunk, outcome, resolve, next: entry.awaiting }
      this.#answer(entry)
    })
  }

  over(entry: Owned): Promise<unknown> {
    return this.seen(entry, Number.POSITIVE_INFINITY, 'ended')
  }

  /** Gives what is unsent `ms` to get there. */
  async close(ms: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, this.#trouble === undefined ? ms : 0)
    })
    await Promise.race([this.#rounds, late])
    clearTimeout(timer)
    clearInterval(this.#timer)
    this.#closed = true
    this.#rest.cut()
    for (const entry of [...this.#underWay(), ...this.#settled]) this.#answer(entry)
  }

  /** Whoever has something that Redis may not have. */
  #underWay(): readonly Owned[] {
    return [...this.#turns.waiting(), ...this.#running.filter(({ turn }) => turn === 'runs')]
  }

  #answer(entry: Owned): void {
    answer(entry, this.#isOver(entry), this.#options.unsentBytes)
  }

  #isOver(entry: Owned): boolean {
    return this.#closed || entry.sealed || entry.end !== undefined
  }

  async #run(): Promise<void> {
    // Everything that comes in this turn goes together.
    await turn()
    while (this.#turns.isAny && !this.#closed) {
      try {
        const all = await this.#round()
        this.#trouble = undefined
        this.#ticks = 0
        if (all) this.#away = false
      } catch (error) {
        this.#trouble = wordsOf(error, this.#options)
        this.#reveal()
        await this.#rest.take(RETRY_MS)
      }
    }
    this.#reveal()
    this.#rounds = undefined
  }

  /** Shows what the last round has brought to Redis. */
  #reveal(): void {
    for (const entry of this.#settled) {
      reveal(entry, entry.stored)
      this.#answer(entry)
    }
    this.#settled = []
  }

  #tick(): void {
    if (!this.#rounds) {
      clearInterval(this.#timer)
      this.#timer = undefined
      this.#ticks = 0
    } else if (++this.#ticks > TICKS) {
      this.#away = true
      for (const entry of this.#underWay()) this.#show(entry)
    }
  }

  /** Readers here go on without Redis. */
  #show(entry: Owned): void {
    // Its end is where its readers see the last chunk.
    reveal(entry, entry.log?.chunks ?? 0)
    if (entry.ending && !entry.end) this.#options.onEnd(entry, entry.ending)
    this.#answer(entry)
  }

  /** True: nothing was left out. */
  async #round(): Promise<boolean> {
    if (this.#doubtful.size > 0) {
      this.#reveal()
      await this.#ask([...this.#doubtful])
    }
    const { link, keys } = this.#options
    const { touched, pieces, table, body, ending, all } = gather(this.#turns, this.#parcel)
    this.#running = touched
    const answers = Promise.allSettled([
      pieces.length > 0 ? link.run(SCRIPTS.append, [], [keys.prefix, table, body]) : [],
      ...ending.map((entry) => this.#seal(entry)),
    ])
    // Redis works on this round while the readers of the last one are written to: they are no less soon, but the latest are sooner.
    if (this.#settled.length > 0) {
      await turn()
      this.#reveal()
    }
    const [appended, ...sealed] = await answers
    const failed = [appended, ...sealed].find((it) => it?.status === 'rejected')
    if (appended?.status === 'rejected') for (const { entry } of pieces) this.#doubtful.add(entry)
    const refusal =
      appended?.status === 'fulfilled'
        ? judge(pieces, list(appended.value), (entry) => this.#doubtful.add(entry))
        : undefined
    for (const [i, entry] of ending.entries()) {
      const reply = sealed[i]?.status === 'fulfilled' ? list(sealed[i].value) : []
      if (reply[0] === 'sealed' && entry.ending) this.#sealed(entry, entry.ending, Number(reply[1]))
      else if (!entry.sealed) this.#doubtful.add(entry)
    }
    for (const entry of touched) this.#turns.over(entry, entry.isSent && !this.#doubtful.has(entry))
    this.#running = []
    this.#settled = touched
    if (failed?.status === 'rejected') throw failed.reason
    if (refusal !== undefined) throw new Error(refusal)
    return all
  }

  #seal({ id, ending, log }: Owned) {
    const { link, keys, gateway, ttlMs } = this.#options
    const last = log && log.chunks > 0 ? entryId(log.chunks, log.bytes) : '0-1'
    return link.run(SCRIPTS.end, [], [keys.prefix, id, JSON.stringify(ending), gateway, String(ttlMs), last])
  }

  async #ask(entries: readonly Owned[]): Promise<void> {
    const { link, keys, gateway } = this.#options
    const ids = entries.map(({ id }) => id)
    const rows = rowsOf(await link.run(SCRIPTS.info, [], [keys.prefix, ...ids]))
    for (const [i, entry] of entries.entries()) {
      const row = rows[i]
      this.#doubtful.delete(entry)
      if (!row || row.chunks > (entry.log?.chunks ?? 0)) {
        entry.lost = true
        this.#sealed(entry, LOST)
        continue
      }
      entry.stored = row.chunks
      entry.storedBytes = row.bytes
      if (row.end)
        this.#sealed(entry, row.by === gateway && entry.ending ? entry.ending : row.end, row.finishedAt)
    }
  }

  #sealed(entry: Owned, end: End, at?: number): void {
    entry.sealed = true
    this.drop(entry)
    if (!entry.lost) entry.visible = Math.max(entry.visible, entry.stored)
    if (!entry.end) this.#options.onEnd(entry, end)
    if (at !== undefined) entry.finishedAt = at
    this.#answer(entry)
  }
}
