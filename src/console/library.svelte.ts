import { save } from './artefact/save.ts'
import type { Clock } from './clock.ts'
import { keepDraft } from './draft.ts'
import { Finder } from './finder.svelte.ts'
import { dropQueue, pocketOfPage } from './queue.svelte.ts'
import type { ConversationRecord, MessageRecord } from './record.ts'
import type { Seat } from './seat.svelte.ts'
import type { Shelf } from './shelf.ts'
import type { Tabs } from './tabs.ts'
import { token } from './token.ts'

/** How long what was deleted can be had back. */
const UNDO_MS = 10_000
const SETTLE_MS = 120
const LOOK_MS = 5_000
const TITLE_MOST = 200

/** One conversation as the list shows it. */
export interface Row extends ConversationRecord {
  readonly isOpen: boolean
  readonly isElsewhere: boolean
  readonly isRunning: boolean
}

export interface LibraryParts {
  readonly shelf: Shelf
  readonly clock: Clock
  readonly tabs: Tabs
  readonly seat: Seat
  /** The tasks that the gateway says are running. */
  readonly tasks: () => Promise<ReadonlySet<string>>
  readonly forever: AbortSignal
}

const LEFT_OUT = (count: number, what: string) => (count > 0 ? ` · ${count} ${what} left out` : '')
const counted = (count: number, what: string) => `${count} ${what}${count === 1 ? '' : 's'}`

/** All conversations that this browser keeps. Their messages are read only when they are needed. */
export class Library {
  /** The last one that was deleted, as long as it can be had back. */
  gone = $state.raw<ConversationRecord | undefined>(undefined)
  readonly finder: Finder
  #kept = $state.raw<readonly ConversationRecord[]>([])
  #elsewhere = $state.raw<ReadonlySet<string>>(new Set())
  #ended = $state.raw<ReadonlySet<string>>(new Set())
  readonly rows = $derived.by(() => this.#rows())

  readonly #on: LibraryParts
  #settling: Promise<void> | undefined

  constructor(on: LibraryParts) {
    this.#on = on
    this.finder = new Finder(on.shelf, on.clock, () => this.rows)
    on.tabs.hear((word) => {
      if (word.say === 'changed') void this.refresh()
    })
  }

  /** What there is, newest first. Finishes what a page before has begun to delete. */
  async open(): Promise<readonly ConversationRecord[]> {
    await this.#read()
    for (const { id, goneAt } of this.#kept) if (goneAt !== undefined) void this.#purge(id, goneAt)
    void this.#watch()
    return this.#kept.filter((kept) => kept.goneAt === undefined)
  }

  isGone(id: string): boolean {
    return this.#kept.some((kept) => kept.id === id && kept.goneAt !== undefined)
  }

  /** Reads the list again, once for any number of changes that come together. */
  refresh(): Promise<void> {
    this.#settling ??= this.#on.clock.wait(SETTLE_MS, this.#on.forever).then(() => {
      this.#settling = undefined
      return this.#read()
    })
    return this.#settling
  }

  async rename(id: string, title: string): Promise<void> {
    const name = title.replaceAll(/\s+/g, ' ').trim().slice(0, TITLE_MOST)
    if (name === '') return
    const { seat, shelf } = this.#on
    if (seat.conversation?.id === id) return seat.conversation.rename(name)
    await this.#alone(id, () => shelf.amend(id, (kept) => ({ ...kept, title: name, named: true })))
  }

  /** Deletes at once. For some seconds it can be had back, then nothing of it is left. */
  async remove(id: string): Promise<void> {
    const { seat, shelf, clock } = this.#on
    if (seat.conversation?.id === id) await seat.anew()
    const goneAt = clock.now()
    await this.#alone(id, () =>
      // A full disk takes no mark, and is what one deletes for.
      shelf.amend(id, (kept) => ({ ...kept, goneAt })).catch(() => shelf.purge(id, () => true)),
    )
    await this.#read()
    this.gone = this.#kept.find((kept) => kept.id === id && kept.goneAt !== undefined)
    void this.#purge(id, goneAt)
  }

  async undo(): Promise<void> {
    const { gone } = this
    this.gone = undefined
    if (!gone) return
    await this.#on.shelf.amend(gone.id, ({ goneAt: _, ...kept }) => kept)
    await this.#read()
  }

  async exportMarkdown(id: string): Promise<void> {
    const { exportMarkdown } = await import('./markdown.ts')
    const title = this.rows.find((row) => row.id === id)?.title ?? ''
    exportMarkdown(title, await this.#messages(id))
  }

  async exportJson(id: string): Promise<void> {
    const row = this.rows.find((it) => it.id === id)
    if (!row) return
    const { pack } = await import('./archive.ts')
    const messages = await this.#messages(id)
    save(pack([{ conversation: row, messages }]), `${row.title || 'conversation'}.json`)
  }

  /** Resolves with what it came to, in words. */
  async exportAll(): Promise<string> {
    const all = []
    for (const row of this.rows) all.push({ conversation: row, messages: await this.#messages(row.id) })
    const { pack } = await import('./archive.ts')
    save(pack(all), `ghost-conversations-${new Date(this.#on.clock.now()).toISOString().slice(0, 10)}.json`)
    return `${counted(all.length, 'conversation')} exported`
  }

  /** Puts the conversations of a file beside those that are there. */
  async import(file: Blob): Promise<string> {
    const { MAX_ARCHIVE_BYTES, unpack } = await import('./archive.ts')
    if (file.size > MAX_ARCHIVE_BYTES) throw new Error('it is larger than 100 MB')
    const { kept, leftOut } = unpack(await file.text(), this.#on.clock.now(), token)
    if (kept.length === 0) throw new Error('there is no message in it')
    for (const { conversation, messages } of kept) await this.#on.shelf.add(conversation, messages)
    await this.#read()
    const more = LEFT_OUT(leftOut.messages, 'messages') + LEFT_OUT(leftOut.conversations, 'conversations')
    return `${counted(kept.length, 'conversation')} imported${more}`
  }

  #rows(): Row[] {
    const current = this.#on.seat.conversation
    const open = current && current.messages.length > 0 ? [current.record] : []
    const kept = this.#kept.filter(({ id, goneAt }) => goneAt === undefined && id !== current?.id)
    return [...open, ...kept]
      .sort((a, b) => b.updatedAt - a.updatedAt)
      .map((record) => ({
        ...record,
        isOpen: record.id === current?.id || record.id === this.#on.seat.elsewhere?.id,
        isElsewhere: this.#elsewhere.has(record.id),
        isRunning:
          record.id === current?.id
            ? current.running !== undefined
            : record.runs !== undefined && !this.#ended.has(record.runs),
      }))
  }

  async #read(): Promise<void> {
    const [kept, elsewhere] = await Promise.all([
      this.#on.shelf.conversations().catch(() => this.#kept),
      this.#on.seat.others(),
    ])
    this.#kept = kept
    this.#elsewhere = elsewhere
  }

  async #messages(id: string): Promise<readonly MessageRecord[]> {
    const { seat, shelf } = this.#on
    return seat.conversation?.id === id ? seat.conversation.records() : shelf.messages(id)
  }

  async #alone(id: string, act: () => Promise<void>): Promise<void> {
    const isOurs = await this.#on.seat.alone(id, act)
    if (!isOurs) throw new Error('it is open in another tab')
  }

  async #purge(id: string, goneAt: number): Promise<void> {
    const { clock, shelf, forever } = this.#on
    await clock.wait(Math.max(0, goneAt + UNDO_MS - clock.now()), forever)
    if (this.gone?.id === id && this.gone.goneAt === goneAt) this.gone = undefined
    await shelf.purge(id, (kept) => kept.goneAt === goneAt).catch(() => {})
    if (this.#kept.some((kept) => kept.id === id && kept.goneAt !== goneAt)) return
    keepDraft(id, '')
    dropQueue(id, pocketOfPage())
  }

  /** Looks after what other tabs have and what was left running, for as long as there is any of it. */
  async #watch(): Promise<void> {
    const { clock, forever, seat } = this.#on
    while (!forever.aborted) {
      await clock.wait(LOOK_MS, forever)
      if (document.hidden) continue
      if (this.#elsewhere.size > 0) await this.#read()
      const left = this.rows.filter((row) => row.isRunning && !row.isOpen && !row.isElsewhere)
      if (left.length === 0) continue
      const running = await this.#on.tasks().catch(() => undefined)
      for (const row of left) {
        if (!running || row.runs === undefined || running.has(row.runs)) continue
        await seat.collect(row).catch(() => {})
        this.#ended = new Set([...this.#ended, row.runs])
      }
    }
  }
}
