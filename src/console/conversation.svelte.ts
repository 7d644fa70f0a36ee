import { Answer } from './answer.svelte.ts'
import type { Api } from './api.ts'
import type { Clock } from './clock.ts'
import { exchange } from './exchange.ts'
import { type Pocket, Queue, type Queued } from './queue.svelte.ts'
import { type ConversationRecord, type MessageRecord, newAnswer, type Question } from './record.ts'
import type { Shelf } from './shelf.ts'
import { token } from './token.ts'
import { transcript } from './transcript.ts'

export type Message = Question | Answer

export interface ConversationParts {
  readonly api: Pick<Api, 'fetch'>
  readonly shelf: Shelf
  readonly clock: Clock
  /** Where the queue is kept. */
  readonly pocket?: Pocket | undefined
  /** The gateway has given an answer its name. */
  readonly began?: (task: string) => void
  /** Whether it makes sense to send without looking first whether somebody is there. */
  readonly reachable?: () => boolean
  /** Something could not be put away; told once. */
  readonly lost: (why: unknown) => void
}

/** What an edit, a retry or a clearing took away, as long as it can be had back. */
export interface Replaced {
  readonly words: string
  readonly from: number
  readonly title: string
  readonly messages: readonly Message[]
  readonly queue: readonly Queued[]
}

const UNDO_MS = 12_000

/** Questions and answers in order. At most one answer runs. */
export class Conversation {
  record = $state.raw<ConversationRecord>({ id: '', title: '', createdAt: 0, updatedAt: 0 })
  messages = $state.raw<readonly Message[]>([])
  /** The earlier question that the next message takes the place of. */
  editing = $state.raw<Question | undefined>(undefined)
  replaced = $state.raw<Replaced | undefined>(undefined)
  readonly queue: Queue
  running = $derived.by(() => {
    const last = this.messages.at(-1)
    return last instanceof Answer && last.running ? last : undefined
  })

  readonly #parts: ConversationParts
  #dropped = false
  #forget = new AbortController()

  constructor(parts: ConversationParts, record: ConversationRecord, messages: readonly MessageRecord[] = []) {
    this.#parts = parts
    this.record = record
    this.messages = messages.map((message) => (message.role === 'user' ? message : this.#answer(message)))
    // Only the last one can still be running; one before it was left behind by a page that ended too soon.
    for (const message of this.messages.slice(0, -1)) if (message instanceof Answer) message.abandon()
    const asked = new Set(messages.map((message) => message.id))
    this.queue = new Queue(record.id, parts.pocket, parts.clock.now(), asked)
  }

  get id(): string {
    return this.record.id
  }

  /** Why what is queued is not sent by itself; undefined when it will be. */
  get waitsFor(): 'answer' | 'person' | undefined {
    if (this.queue.items.length === 0) return undefined
    if (this.running) return 'answer'
    const last = this.messages.at(-1)
    const isWell = last instanceof Answer && last.ending?.kind === 'done'
    return isWell && !this.queue.stale ? 'answer' : 'person'
  }

  /** Takes up an answer that an earlier page did not see to its end, and what was queued behind it. */
  async goOn(): Promise<void> {
    const answer = this.running
    if (answer) await this.#follow(answer)
    else if (this.waitsFor === 'answer') await this.askNext()
  }

  async ask(text: string, id = token()): Promise<void> {
    if (this.running || text.trim() === '') return
    const question: Question = { role: 'user', id, at: this.#parts.clock.now(), text }
    if (this.record.title === '') this.record = { ...this.record, title: titleOf(text) }
    await this.#begin(this.messages.length, [question])
  }

  /** Sent at once, or when the answer that runs has ended well. False when there is no room to wait. */
  say(text: string): boolean {
    if (text.trim() === '') return true
    if (this.running) return this.queue.add(text, this.#parts.clock.now())
    void (this.editing ? this.edit(this.editing.id, text) : this.ask(text))
    return true
  }

  /** Sends the first of what is queued. */
  async askNext(): Promise<void> {
    if (this.running) return
    const item = this.queue.next()
    if (!item) return
    this.queue.stale = false
    await this.ask(item.text, item.id)
  }

  /** Asks an earlier question anew. What came after it goes, and can be had back for a while. */
  async edit(id: string, text: string): Promise<void> {
    const at = this.messages.findIndex((message) => message.id === id)
    if (this.running || at < 0 || text.trim() === '') return
    this.#replace(at, 'the messages after it were replaced')
    if (at === 0 && !this.record.named) this.record = { ...this.record, title: titleOf(text) }
    await this.#begin(at, [{ role: 'user', id: token(), at: this.#parts.clock.now(), text }])
  }

  /** Asks the last question again, in the place of the answer it got. */
  async retry(): Promise<void> {
    const last = this.messages.at(-1)
    if (this.running || !(last instanceof Answer) || last.record.foreign) return
    const from = this.messages.length - 1
    if (last.text.trim() !== '') this.#replace(from, 'the answer was replaced')
    await this.#begin(from, [], last.record.continues)
  }

  /** Asks the agent to go on where its last answer stopped. */
  async goOnWith(): Promise<void> {
    const last = this.messages.at(-1)
    if (this.running || !(last instanceof Answer) || last.text.trim() === '') return
    await this.#begin(this.messages.length, [], true)
  }

  async clear(): Promise<void> {
    if (this.messages.length === 0) return
    this.running?.stop()
    this.#replace(0, 'the conversation was cleared')
    this.queue.set([])
    this.editing = undefined
    if (!this.record.named) this.record = { ...this.record, title: '' }
    await Promise.all([this.#touch(), this.#store(0)])
  }

  /** Brings back what was taken away; what came in its place is stopped and goes. */
  async undo(): Promise<void> {
    const { replaced } = this
    if (!replaced) return
    this.running?.stop()
    this.#done()
    this.messages = [...this.messages.slice(0, replaced.from), ...replaced.messages]
    if (replaced.queue.length > 0) this.queue.set(replaced.queue)
    this.record = { ...this.record, title: replaced.title }
    await Promise.all([this.#touch(), this.#store(replaced.from)])
  }

  /** Resolves when all is put away; nothing is written any more after that. */
  async leave(): Promise<void> {
    this.#dropped = true
    this.#forget.abort()
    await this.running?.leave()
  }

  async rename(title: string): Promise<void> {
    this.record = { ...this.record, title, named: true }
    if (this.messages.length > 0) await this.#parts.shelf.keep(this.record).catch(this.#parts.lost)
  }

  /** All of it as data, for an archive. */
  records(): MessageRecord[] {
    return this.messages.map((message) => (message instanceof Answer ? message.record : message))
  }

  /** Puts all of it away, as after reading it from an archive. */
  async keep(): Promise<void> {
    await Promise.all([this.#touch(), this.#store(0)])
  }

  async #begin(from: number, questions: readonly Question[], continues = false): Promise<void> {
    const { clock, reachable } = this.#parts
    const record = newAnswer(token(), token(), clock.now())
    record.continues = continues
    if (reachable?.() !== false) record.sentAt = record.at
    const answer = this.#answer(record)
    this.editing = undefined
    const before = [...this.messages.slice(0, from), ...questions]
    this.messages = [...before, answer]
    record.left = transcript(this.records().slice(0, -1), continues).left
    // On the shelf before it is on the wire: a page that ends in between asks again under the same key.
    await Promise.all([this.#touch(), this.#store(from)])
    this.queue.keep()
    if (!this.#dropped && this.messages.includes(answer)) await this.#follow(answer)
  }

  async #follow(answer: Answer): Promise<void> {
    const before = this.records().slice(0, this.messages.indexOf(answer))
    await answer.follow(exchange(this.#parts.api, transcript(before, answer.record.continues).messages))
    if (!this.#dropped && this.messages.at(-1) === answer && this.waitsFor === 'answer') await this.askNext()
  }

  #replace(from: number, words: string): void {
    this.#done()
    const messages = this.messages.slice(from)
    if (messages.length === 0) return
    this.replaced = { words, from, title: this.record.title, messages, queue: this.queue.items }
    this.messages = this.messages.slice(0, from)
    this.#forget = new AbortController()
    const { signal } = this.#forget
    void this.#parts.clock.wait(UNDO_MS, signal).then(() => {
      if (!signal.aborted) this.replaced = undefined
    })
  }

  #done(): void {
    this.#forget.abort()
    this.replaced = undefined
  }

  /** What has lost its place is not put away any more, however late it hears its last words. */
  #answer(record: Answer['record']): Answer {
    const answer: Answer = new Answer(record, this.#parts.clock, async () => {
      const position = this.messages.indexOf(answer)
      if (position >= 0) await this.#parts.shelf.put(this.record.id, position, record).catch(this.#parts.lost)
    })
    return answer
  }

  async #touch(): Promise<void> {
    this.record = { ...this.record, updatedAt: this.#parts.clock.now() }
    await this.#parts.shelf.keep(this.record).catch(this.#parts.lost)
  }

  async #store(from: number): Promise<void> {
    const records = this.records().slice(from)
    await this.#parts.shelf.replace(this.record.id, from, records).catch(this.#parts.lost)
  }
}

export function newConversation(id: string, at: number): ConversationRecord {
  return { id, title: '', createdAt: at, updatedAt: at }
}

function titleOf(text: string): string {
  const line = text.trim().split('\n', 1)[0] ?? ''
  return line.length > 60 ? `${line.slice(0, 59)}…` : line
}
