import { entriesOf, list } from './entries.ts'
import type { Followed } from './followed.ts'
import { after, type Keys } from './keys.ts'
import type { Link, Reply } from './link.ts'
import { Rest } from './rest.ts'

export interface ReaderOptions {
  /** Of its own, since it is blocked most of the time. */
  readonly link: Link
  readonly keys: Keys
  readonly gateway: string
  /** Monotonic milliseconds. */
  readonly clock: () => number
  /** What others say to this gateway. */
  onMessages(messages: readonly Reply[]): void
  /** Says something to this gateway, so that the blocked command returns. */
  wake(): void
}

const BLOCK_MS = 2_000
/** Behind `BLOCK_MS`: the connection is dead then. */
const LATE_MS = 3_000
const RETRY_MS = 200
/** Entries of one log in one reply. Who is told so much of the news is behind them, and may have missed some. */
const COUNT = 64
/** A hint can be lost; what it would have told is found after this long. */
const LOOK_MS = 2_000

/**
 * The one blocking reader of this process: all logs that are read live here, and what other gateways say. It waits for news of any log
 * and then asks for those that have grown: to ask for every log each time costs Redis and this process a millisecond for 500 of them.
 */
export class Reader {
  readonly #options: ReaderOptions
  readonly #followed = new Map<string, Followed>()
  readonly #rest = new Rest()
  /** Of these there may be something to read. */
  readonly #due = new Set<Followed>()
  #lookedAt = 0
  #heard = '0-0'
  #heardNews = '0-0'
  /** The command that is under way does not know of a log yet. */
  #stale = false
  #asking = false
  #closed = false

  constructor(options: ReaderOptions) {
    this.#options = options
    void this.#run()
  }

  follow(followed: Followed): void {
    this.#followed.set(this.#options.keys.log(followed.id), followed)
    this.#due.add(followed)
    if (!this.#asking || this.#stale) return
    this.#stale = true
    this.#options.wake()
  }

  unfollow(followed: Followed): void {
    const log = this.#options.keys.log(followed.id)
    if (this.#followed.get(log) === followed) this.#followed.delete(log)
    this.#due.delete(followed)
  }

  /** There is a new connection: a Redis that lost its data counts its messages anew. */
  restart(): void {
    this.#heard = '0-0'
    this.#heardNews = '0-0'
    this.#lookedAt = 0
    this.#rest.cut()
  }

  close(): void {
    this.#closed = true
    this.#rest.cut()
  }

  async #run(): Promise<void> {
    const { link } = this.#options
    while (!this.#closed) {
      try {
        if (this.#options.clock() - this.#lookedAt >= LOOK_MS) this.#lookAtAll()
        const command = this.#command()
        this.#due.clear()
        this.#asking = true
        this.#stale = false
        const reply = await link.timely(link.sendForBytes(command), BLOCK_MS + LATE_MS, () => link.drop())
        this.#asking = false
        for (const part of list(reply)) this.#take(part)
      } catch {
        // The link knows why, and says so to whoever asks something of it.
        this.#asking = false
        this.#lookedAt = 0
        if (!this.#closed) await this.#rest.take(RETRY_MS)
      }
    }
  }

  #lookAtAll(): void {
    this.#lookedAt = this.#options.clock()
    for (const followed of this.#followed.values()) this.#due.add(followed)
  }

  /** Waits only when nothing is due, and for news only when a log is followed: those of this gateway itself would wake it all the time. */
  #command(): string[] {
    const { keys, gateway } = this.#options
    const asked: [key: string, behind: string][] = [[keys.inbox(gateway), this.#heard]]
    if (this.#followed.size > 0) asked.push([keys.news, this.#heardNews])
    for (const { id, next } of this.#due) asked.push([keys.log(id), after(next ?? 0)])
    const block = this.#due.size === 0 ? ['BLOCK', String(BLOCK_MS)] : []
    return [
      ...['XREAD', 'COUNT', String(COUNT), ...block, 'STREAMS'],
      ...asked.map(([key]) => key),
      ...asked.map(([, behind]) => behind),
    ]
  }

  #take(part: Reply): void {
    const { keys, gateway } = this.#options
    const [key, reply] = list(part)
    const name = String(key)
    const entries = list(reply)
    const followed = this.#followed.get(name)
    if (followed) {
      followed.take(entriesOf(entries))
      if (!followed.live) this.unfollow(followed)
      else if (entries.length === COUNT) this.#due.add(followed)
    } else if (name === keys.news) this.#hear(entries)
    else if (name === keys.inbox(gateway)) {
      this.#heard = idOf(entries.at(-1))
      this.#options.onMessages(entries)
    }
  }

  #hear(news: readonly Reply[]): void {
    this.#heardNews = idOf(news.at(-1))
    if (news.length === COUNT) this.#lookAtAll()
    for (const entry of news)
      for (const id of String(list(list(entry)[1])[1]).split(' ')) {
        const followed = this.#followed.get(this.#options.keys.log(id))
        if (followed) this.#due.add(followed)
      }
  }
}

const idOf = (entry: Reply | undefined): string => String(list(entry)[0])
