import { AgentLog } from './agentlog.svelte.ts'
import { Api } from './api.ts'
import { Attachments } from './attachments.svelte.ts'
import { claim, claimNew, remember } from './claim.ts'
import { clock } from './clock.ts'
import { Connection } from './connection.svelte.ts'
import { Conversation, newConversation } from './conversation.svelte.ts'
import { Elsewhere, type Foreign } from './elsewhere.svelte.ts'
import { keyOfPage } from './key.ts'
import { ownTasks } from './own.ts'
import { pocketOfPage } from './queue.svelte.ts'
import { type MessageRecord, newAnswer } from './record.ts'
import { Settings } from './settings.svelte.ts'
import { openShelf, type Shelf } from './shelf.ts'
import { token } from './token.ts'
import { Update } from './update.svelte.ts'
import { onWake } from './wake.ts'
import { loadWorkspace, saveWorkspace } from './workspace.ts'

/** A line for the person about something that is not part of the conversation. */
export interface Notice {
  readonly kind: 'done' | 'warning' | 'failure' | 'busy'
  readonly text: string
}

/** Everything this page works with, put together. */
export class Desk {
  readonly api: Api
  readonly connection: Connection
  readonly log: AgentLog
  readonly attachments: Attachments
  readonly elsewhere: Elsewhere
  readonly update = new Update()
  readonly settings = new Settings(document.documentElement)
  conversation = $state.raw<Conversation | undefined>(undefined)
  notice = $state.raw<Notice | undefined>(undefined)
  /** The list of commands and keys is open. */
  helping = $state(false)
  /** What is open over the page. */
  panel = $state<'settings' | 'palette' | undefined>(undefined)
  /** Nothing but the words and the box to type in. */
  zen = $state(false)

  readonly #shelf: Shelf
  readonly #own = ownTasks(pocketOfPage())
  #toldLoss = false

  private constructor(shelf: Shelf) {
    this.#shelf = shelf
    this.api = new Api(keyOfPage(), () => this.connection.refused())
    this.connection = new Connection(clock, this.api)
    this.log = new AgentLog(clock, () => this.connection.nudge())
    this.attachments = new Attachments(this.api)
    const idle = () => document.hidden || this.connection.health !== 'online'
    this.elsewhere = new Elsewhere({ api: this.api, shelf, own: this.#own, clock, idle })
    void this.connection.watch()
    const forever = new AbortController().signal
    void this.elsewhere.watch(forever)
    onWake((wake) => {
      this.connection.nudge()
      this.elsewhere.nudge()
      this.log.nudge()
      this.conversation?.running?.nudge(wake)
    }, forever)
    addEventListener('pagehide', () => void this.conversation?.running?.keep())
    if (!shelf.lasting)
      this.notice = { kind: 'warning', text: 'this browser keeps nothing: a reload ends this conversation' }
  }

  static async open(): Promise<Desk> {
    const desk = new Desk(await openShelf())
    await desk.#begin()
    return desk
  }

  async startAnew(): Promise<void> {
    this.conversation?.leave()
    const record = newConversation(token(), clock.now())
    this.conversation = this.#conversation(record)
    await claimNew(record.id)
  }

  async save(): Promise<void> {
    const { conversation } = this
    if (!conversation) return
    await this.#attempt('saving the workspace', async () => {
      const name = await saveWorkspace(this.api, conversation.record.title, conversation.records())
      return `workspace saved as ${name}`
    })
  }

  async load(file: File): Promise<void> {
    const what = `loading ${file.name}`
    await this.#attempt(what, async () => {
      const progress = (part: number) => {
        this.notice = { kind: 'busy', text: `${what} · ${Math.round(part * 100)} %` }
      }
      const loaded = await loadWorkspace(this.api, file, progress, clock.now())
      if (loaded.messages.length > 0) {
        const conversation = this.#made(loaded.title, loaded.messages)
        conversation.running?.abandon()
        await this.#adopt(conversation)
      }
      return `workspace loaded${loaded.files === undefined ? '' : ` · ${loaded.files} files`}`
    })
  }

  /** Takes up an answer that was asked for elsewhere, from its first word. */
  async show(foreign: Foreign): Promise<void> {
    this.#own.add(foreign.task)
    this.elsewhere.dismiss([foreign])
    const answer = { ...newAnswer(token(), token(), foreign.since), task: foreign.task, foreign: true }
    const conversation = this.#made('from another device', [answer])
    await this.#adopt(conversation)
    conversation.goOn()
  }

  async #begin(): Promise<void> {
    const known = await this.#shelf.conversations().catch(() => [])
    const id = await claim(known.map((conversation) => conversation.id))
    if (id === undefined) return this.startAnew()
    const record = known.find((conversation) => conversation.id === id) ?? newConversation(id, clock.now())
    remember(record.id)
    const messages = await this.#shelf.messages(record.id).catch(() => [])
    this.conversation = this.#conversation(record, messages)
    this.conversation.goOn()
  }

  #made(title: string, messages: readonly MessageRecord[]): Conversation {
    return this.#conversation({ ...newConversation(token(), clock.now()), title }, messages)
  }

  async #adopt(conversation: Conversation): Promise<void> {
    this.conversation?.leave()
    this.conversation = conversation
    await claimNew(conversation.id)
    await conversation.keep()
  }

  #conversation(record: Conversation['record'], messages: readonly MessageRecord[] = []): Conversation {
    const lost = () => {
      if (!this.#toldLoss)
        this.notice = {
          kind: 'warning',
          text: 'the browser has no room left: what comes now is lost at a reload',
        }
      this.#toldLoss = true
    }
    const reachable = () => navigator.onLine && !['offline', 'gone'].includes(this.connection.health)
    const parts = {
      api: this.api,
      shelf: this.#shelf,
      clock,
      pocket: pocketOfPage(),
      began: this.#own.add,
      reachable,
      lost,
    }
    return new Conversation(parts, record, messages)
  }

  async #attempt(what: string, act: () => Promise<string>): Promise<void> {
    this.notice = { kind: 'busy', text: what }
    try {
      this.notice = { kind: 'done', text: await act() }
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      this.notice = { kind: 'failure', text: `${what} failed: ${why}` }
    }
  }
}
