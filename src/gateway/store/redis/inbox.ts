import type { CancelReceipt } from '../../../protocol.ts'
import type { Shared } from '../store.ts'
import { list } from './entries.ts'
import type { Keys } from './keys.ts'
import type { Link, Reply } from './link.ts'

export interface InboxOptions {
  readonly link: Link
  readonly keys: Keys
  readonly gateway: string
  /** How long an owner has to answer. */
  readonly answerMs: number
  /** Which gateway runs a task. */
  ownerOf(id: string): Promise<string | undefined>
}

type CarryOut = (id: string) => Promise<CancelReceipt | undefined>
type Answer = CancelReceipt | 'unconfirmed' | undefined

type Message =
  | { readonly kind: 'wake' }
  | { readonly kind: 'cancel'; readonly id: string; readonly from: string; readonly question: number }
  | { readonly kind: 'answer'; readonly question: number; readonly receipt: CancelReceipt | null }

/** Old messages are of no use: who sent them has given up waiting. */
const KEPT = ['MAXLEN', '~', '100'] as const
const KEPT_MS = '60000'

/** What gateways say to each other, by a stream of each: who runs a task is asked to cancel it, and answers. */
export class Inbox implements Shared {
  readonly #options: InboxOptions
  readonly #asked = new Map<number, (answer: Answer) => void>()
  #carryOut: CarryOut = async () => undefined
  #questions = 0

  constructor(options: InboxOptions) {
    this.#options = options
  }

  onCancel(carryOut: CarryOut): void {
    this.#carryOut = carryOut
  }

  /** @throws Fault `store_unavailable` */
  async askToCancel(id: string): Promise<Answer> {
    const { gateway, answerMs, link } = this.#options
    const owner = await this.#options.ownerOf(id)
    if (owner === undefined) return undefined
    if (owner === gateway) return this.#carryOut(id)
    const question = ++this.#questions
    let timer: NodeJS.Timeout | undefined
    const answer = new Promise<Answer>((resolve) => {
      this.#asked.set(question, resolve)
      timer = setTimeout(resolve, answerMs, 'unconfirmed')
    })
    try {
      await link.timely(this.#say(owner, { kind: 'cancel', id, from: gateway, question }))
      return await answer
    } finally {
      clearTimeout(timer)
      this.#asked.delete(question)
    }
  }

  /** So that the blocked reader of this process looks up. */
  wake(): void {
    void this.#say(this.#options.gateway, { kind: 'wake' }).catch(() => {})
  }

  take(entries: readonly Reply[]): void {
    for (const entry of entries) {
      const message = messageOf(list(list(entry)[1])[1])
      if (message?.kind === 'cancel') void this.#obey(message)
      else if (message?.kind === 'answer') this.#asked.get(message.question)?.(message.receipt ?? undefined)
    }
  }

  async #obey({ id, from, question }: Message & { kind: 'cancel' }): Promise<void> {
    try {
      const receipt = (await this.#carryOut(id)) ?? null
      await this.#say(from, { kind: 'answer', question, receipt })
    } catch {
      // Who asked is told "unconfirmed", which is true.
    }
  }

  async #say(to: string, message: Message): Promise<void> {
    const { link, keys } = this.#options
    const inbox = keys.inbox(to)
    await Promise.all([
      link.send(['XADD', inbox, ...KEPT, '*', 'm', JSON.stringify(message)]),
      link.send(['PEXPIRE', inbox, KEPT_MS]),
    ])
  }
}

/** Undefined: another version of the gateway says something that is not known here. */
function messageOf(json: Reply | undefined): Message | undefined {
  try {
    return JSON.parse(String(json)) as Message
  } catch {
    return undefined
  }
}
