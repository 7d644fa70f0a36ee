import { MAX_MESSAGES } from '../protocol.ts'
import { Answer } from './answer.svelte.ts'
import type { Api } from './api.ts'
import type { Clock } from './clock.ts'
import { exchange, type WireMessage } from './exchange.ts'
import { takeApart } from './prose.ts'
import { type ConversationRecord, type MessageRecord, newAnswer, type Question } from './record.ts'
import type { Shelf } from './shelf.ts'
import { token } from './token.ts'

export type Message = Question | Answer

export interface ConversationParts {
  readonly api: Api
  readonly shelf: Shelf
  readonly clock: Clock
  /** Something could not be put away; told once. */
  readonly lost: (why: unknown) => void
}

/** Questions and answers in order. At most one answer runs. */
export class Conversation {
  record = $state.raw<ConversationRecord>({ id: '', title: '', createdAt: 0, updatedAt: 0 })
  messages = $state.raw<readonly Message[]>([])
  running = $derived.by(() => {
    const last = this.messages.at(-1)
    return last instanceof Answer && last.running ? last : undefined
  })

  readonly #parts: ConversationParts
  #dropped = false

  constructor(parts: ConversationParts, record: ConversationRecord, messages: readonly MessageRecord[] = []) {
    this.#parts = parts
    this.record = record
    this.messages = messages.map((message, position) =>
      message.role === 'user' ? message : this.#answer(message, position),
    )
    // Only the last one can still be running; one before it was left behind by a page that ended too soon.
    for (const message of this.messages.slice(0, -1)) if (message instanceof Answer) message.abandon()
  }

  get id(): string {
    return this.record.id
  }

  /** Takes up an answer that an earlier page did not see to its end. */
  goOn(): void {
    const answer = this.running
    if (answer) void answer.follow(exchange(this.#parts.api, this.#said(this.messages.slice(0, -1))))
  }

  async ask(text: string): Promise<void> {
    if (this.running || text.trim() === '') return
    const at = this.#parts.clock.now()
    const question: Question = { role: 'user', id: token(), at, text }
    this.messages = [...this.messages, question]
    if (this.record.title === '') this.record = { ...this.record, title: titleOf(text) }
    await this.#begin([this.#put(this.messages.length - 1, question)])
  }

  /** Asks the last question again, in the place of the answer it got. */
  async retry(): Promise<void> {
    const last = this.messages.at(-1)
    if (this.running || !(last instanceof Answer)) return
    this.messages = this.messages.slice(0, -1)
    await this.#begin([])
  }

  leave(): void {
    this.#dropped = true
    this.running?.leave()
  }

  /** All of it as data, for an archive. */
  records(): MessageRecord[] {
    return this.messages.map((message) => (message instanceof Answer ? message.record : message))
  }

  /** Puts all of it away, as after reading it from an archive. */
  async keep(): Promise<void> {
    await this.#touch()
    await Promise.all(this.records().map((record, position) => this.#put(position, record)))
  }

  async #begin(writes: Promise<void>[]): Promise<void> {
    const { clock, api } = this.#parts
    const before = this.#said(this.messages)
    const record = newAnswer(token(), token(), clock.now())
    const position = this.messages.length
    const answer = this.#answer(record, position)
    this.messages = [...this.messages, answer]
    // On the shelf before it is on the wire: a page that ends in between asks again under the same key.
    await Promise.all([...writes, this.#touch(), this.#put(position, record)])
    if (!this.#dropped) await answer.follow(exchange(api, before))
  }

  #answer(record: Answer['record'], position: number): Answer {
    return new Answer(record, this.#parts.clock, () => this.#put(position, record))
  }

  #said(messages: readonly Message[]): WireMessage[] {
    return messages.flatMap(wire).slice(-MAX_MESSAGES)
  }

  async #touch(): Promise<void> {
    this.record = { ...this.record, updatedAt: this.#parts.clock.now() }
    await this.#parts.shelf.keep(this.record).catch(this.#parts.lost)
  }

  async #put(position: number, message: MessageRecord): Promise<void> {
    await this.#parts.shelf.put(this.record.id, position, message).catch(this.#parts.lost)
  }
}

/** What the agent is told of a message. A failed answer is none, and an empty one says nothing. */
function wire(message: Message): WireMessage[] {
  if (!(message instanceof Answer)) return [{ role: 'user', content: message.text }]
  const { said, ending } = message.record
  const { text } = takeApart(said.content, false)
  return ending?.kind === 'failed' || text.trim() === '' ? [] : [{ role: 'assistant', content: text }]
}

export function newConversation(id: string, at: number): ConversationRecord {
  return { id, title: '', createdAt: at, updatedAt: at }
}

function titleOf(text: string): string {
  const line = text.trim().split('\n', 1)[0] ?? ''
  return line.length > 60 ? `${line.slice(0, 59)}…` : line
}
