import { type Claim, remember, remembered, take, taken } from './claim.ts'
import type { Clock } from './clock.ts'
import { Conversation, type ConversationParts, newConversation } from './conversation.svelte.ts'
import type { ConversationRecord, MessageRecord } from './record.ts'
import type { Shelf } from './shelf.ts'
import type { Tabs } from './tabs.ts'
import { token } from './token.ts'

/** The page before a reload may still be going; another tab has to put away what it knows. */
const RELOAD_MS = 400
const HANDOVER_MS = 3_000
const COLLECT_MS = 60_000
const TRIES = 5

export interface SeatParts {
  readonly shelf: Shelf
  readonly clock: Clock
  readonly tabs: Tabs
  readonly parts: ConversationParts
  /** Something about where conversations are open has changed. */
  readonly moved: () => void
}

/** The one conversation this tab has, and the coming and going. No two tabs ever write one conversation. */
export class Seat {
  conversation = $state.raw<Conversation | undefined>(undefined)
  /** What was to be opened and is open in another tab; then this tab has none. */
  elsewhere = $state.raw<ConversationRecord | undefined>(undefined)
  /** Why it could not be had from the other tab. */
  refusal = $state('')

  readonly #on: SeatParts
  #claim: Claim | undefined
  /** Counts the moves, so that one that took long does not undo a later one. */
  #move = 0

  constructor(on: SeatParts) {
    this.#on = on
    on.tabs.hear((word) => {
      if (!('id' in word) || word.id !== this.conversation?.id) return
      if (word.say === 'whose') on.tabs.say({ say: 'mine', id: word.id })
      if (word.say === 'wanted') void this.#handOver(word.id)
    })
  }

  /** Where this tab was before a reload; otherwise the newest conversation that no other tab has. */
  async begin(newestFirst: readonly ConversationRecord[], isGone: (id: string) => boolean): Promise<void> {
    const own = remembered()
    if (own !== undefined && !isGone(own)) {
      const claim = await this.#take(own, RELOAD_MS)
      const record = newestFirst.find(({ id }) => id === own) ?? newConversation(own, this.#on.clock.now())
      if (claim) return this.#sit(claim, record)
    }
    for (const record of newestFirst.filter(({ id }) => id !== own).slice(0, TRIES)) {
      const claim = await this.#take(record.id, 0)
      if (claim) return this.#sit(claim, record)
    }
    await this.anew()
  }

  async anew(): Promise<void> {
    const record = newConversation(token(), this.#on.clock.now())
    const move = await this.#leave()
    const claim = await this.#take(record.id, RELOAD_MS)
    if (move !== this.#move || !claim) return claim?.release()
    this.#settle(claim, new Conversation(this.#on.parts, record))
  }

  /** Opens a kept conversation, or says that another tab has it. */
  async open(record: ConversationRecord): Promise<void> {
    if (record.id === this.conversation?.id) return
    const move = await this.#leave()
    const claim = await this.#take(record.id, RELOAD_MS)
    if (move !== this.#move) return claim?.release()
    if (claim) return this.#sit(claim, record)
    this.elsewhere = record
    this.#on.moved()
  }

  /** Opens messages that come from outside as a conversation of their own. What runs goes on only if it is ours to read. */
  async adopt(title: string, messages: readonly MessageRecord[], goesOn: boolean): Promise<void> {
    const record = { ...newConversation(token(), this.#on.clock.now()), title }
    const move = await this.#leave()
    const claim = await this.#take(record.id, RELOAD_MS)
    if (!claim || move !== this.#move) return claim?.release()
    const conversation = new Conversation(this.#on.parts, record, messages)
    if (!goesOn) conversation.running?.abandon()
    this.#settle(claim, conversation)
    await conversation.keep()
    if (this.conversation === conversation) void conversation.goOn()
  }

  /** Asks the other tab for its conversation. One that is answering keeps it. */
  async claim(): Promise<void> {
    const { elsewhere } = this
    if (!elsewhere) return
    this.refusal = ''
    const { tabs } = this.#on
    const busy = Promise.withResolvers<undefined>()
    let isBusy = false
    const deaf = tabs.hear((word) => {
      if (word.say !== 'busy' || word.id !== elsewhere.id) return
      isBusy = true
      busy.resolve(undefined)
    })
    tabs.say({ say: 'wanted', id: elsewhere.id })
    const taking = this.#take(elsewhere.id, HANDOVER_MS)
    const claim = await Promise.race([taking, busy.promise])
    deaf()
    if (!claim) {
      // It may be had just now, when nobody waits for it any more.
      void taking.then((late) => late?.release())
      if (this.elsewhere?.id === elsewhere.id)
        this.refusal = isBusy
          ? 'it is being answered there; it is yours when that is over'
          : 'the other tab does not answer'
      return
    }
    if (this.elsewhere?.id !== elsewhere.id) return claim.release()
    await this.#sit(claim, elsewhere)
  }

  /** Reads an answer to its end that was left while it ran, before the gateway forgets it. */
  async collect(record: ConversationRecord): Promise<void> {
    if (record.id === this.conversation?.id) return
    const claim = await this.#take(record.id, 0)
    if (!claim) return
    try {
      const messages = await this.#on.shelf.messages(record.id)
      // What is queued behind it waits for the person to come back.
      const parts = { ...this.#on.parts, pocket: undefined }
      const conversation = new Conversation(parts, plain(record), messages)
      const limit = new AbortController()
      await Promise.race([conversation.goOn(), this.#on.clock.wait(COLLECT_MS, limit.signal)])
      limit.abort()
      await conversation.leave()
    } finally {
      claim.release()
    }
  }

  /** Does something to a conversation that must not be written meanwhile. False: another tab has it. */
  async alone(id: string, act: () => Promise<void>): Promise<boolean> {
    if (id === this.conversation?.id) {
      await act()
      return true
    }
    const claim = await this.#take(id, RELOAD_MS)
    if (!claim) return false
    await act().finally(claim.release)
    return true
  }

  /** The conversations that other tabs have. */
  async others(): Promise<ReadonlySet<string>> {
    const all = new Set(await taken())
    if (this.#claim) all.delete(this.#claim.id)
    return all
  }

  async #sit(claim: Claim, record: ConversationRecord): Promise<void> {
    const { shelf, parts } = this.#on
    const move = ++this.#move
    const kept = await shelf.conversations().catch(() => [])
    const newest = kept.find(({ id }) => id === record.id) ?? record
    await shelf.mend(record.id).catch(() => {})
    const messages = await shelf.messages(record.id).catch(() => [])
    if (move !== this.#move) return claim.release()
    // Another tab has deleted it since it was listed here.
    if (newest.goneAt !== undefined) {
      claim.release()
      return this.anew()
    }
    const conversation = new Conversation(parts, plain(newest), messages)
    this.#settle(claim, conversation)
    void conversation.goOn()
  }

  #settle(claim: Claim, conversation: Conversation): void {
    this.#claim = claim
    this.elsewhere = undefined
    this.refusal = ''
    this.conversation = conversation
    remember(conversation.id)
    this.#on.moved()
  }

  /** All is put away before anybody else may have it. What still runs goes on at the gateway. */
  async #leave(): Promise<number> {
    const move = ++this.#move
    const [conversation, claim] = [this.conversation, this.#claim]
    this.elsewhere = undefined
    this.refusal = ''
    if (!conversation || !claim) return move
    // At once: what is written from here on would be written to nobody.
    this.conversation = undefined
    this.#claim = undefined
    const runs = conversation.running?.record.task ?? undefined
    await conversation.leave()
    await this.#on.shelf
      .amend(conversation.id, (kept) =>
        kept.runs === runs ? undefined : { ...plain(kept), ...(runs && { runs }) },
      )
      .catch(() => {})
    claim.release()
    return move
  }

  async #handOver(id: string): Promise<void> {
    const { conversation } = this
    if (conversation?.id !== id) return
    if (conversation.running) return this.#on.tabs.say({ say: 'busy', id })
    const { record } = conversation
    const move = await this.#leave()
    if (move !== this.#move) return
    this.elsewhere = record
    this.#on.moved()
  }

  #take(id: string, waitMs: number): Promise<Claim | undefined> {
    return take(id, waitMs, (asked) => this.#on.tabs.has(asked))
  }
}

/** As it is kept, without what the list knows of it. */
function plain({ id, title, createdAt, updatedAt, named }: ConversationRecord): ConversationRecord {
  return { id, title, createdAt, updatedAt, ...(named && { named }) }
}
