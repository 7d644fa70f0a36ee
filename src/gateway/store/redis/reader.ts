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
  /** What others say to this gateway. */
  onMessages(messages: readonly Reply[]): void
  /** Says something to this gateway, so that the blocked command returns. */
  wake(): void
}

const BLOCK_MS = 2_000
/** Behind `BLOCK_MS`: the connection is dead then. */
const LATE_MS = 3_000
const RETRY_MS = 200
/** Entries of one log in one reply. */
const COUNT = '32'
/** So many logs cost Redis about a millisecond a reply: more replies than these would be all it does. */
const MANY = 64
const BREATH_MS = 2

/** The one blocking reader of this process: all logs that are read live here, and what other gateways say, in one XREAD. */
export class Reader {
  readonly #options: ReaderOptions
  readonly #followed = new Map<string, Followed>()
  readonly #rest = new Rest()
  #heard = '0-0'
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
    if (!this.#asking || this.#stale) return
    this.#stale = true
    this.#options.wake()
  }

  unfollow(followed: Followed): void {
    const log = this.#options.keys.log(followed.id)
    if (this.#followed.get(log) === followed) this.#followed.delete(log)
  }

  /** There is a new connection: a Redis that lost its data counts its messages anew. */
  restart(): void {
    this.#heard = '0-0'
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
        this.#asking = true
        this.#stale = false
        const reply = await link.timely(link.sendForBytes(this.#command()), BLOCK_MS + LATE_MS, () =>
          link.drop(),
        )
        this.#asking = false
        for (const part of list(reply)) this.#take(part)
        if (this.#followed.size > MANY) await this.#rest.take(BREATH_MS)
      } catch {
        // The link knows why, and says so to whoever asks something of it.
        this.#asking = false
        if (!this.#closed) await this.#rest.take(RETRY_MS)
      }
    }
  }

  #command(): string[] {
    const { keys, gateway } = this.#options
    const command = ['XREAD', 'COUNT', COUNT, 'BLOCK', String(BLOCK_MS), 'STREAMS', keys.inbox(gateway)]
    command.push(...this.#followed.keys(), this.#heard)
    for (const followed of this.#followed.values()) command.push(after(followed.next ?? 0))
    return command
  }

  #take(part: Reply): void {
    const [key, entries] = list(part)
    if (entries === undefined) return
    const followed = this.#followed.get(String(key))
    if (followed) {
      followed.take(entriesOf(entries))
      if (!followed.live) this.unfollow(followed)
      return
    }
    if (String(key) !== this.#options.keys.inbox(this.#options.gateway)) return
    this.#heard = String(list(list(entries).at(-1))[0])
    this.#options.onMessages(list(entries))
  }
}
