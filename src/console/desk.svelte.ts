import { AgentLog } from './agentlog.svelte.ts'
import { Api } from './api.ts'
import { Attachments } from './attachments.svelte.ts'
import { bytesOf } from './bytes.ts'
import { clock } from './clock.ts'
import { Connection } from './connection.svelte.ts'
import type { Conversation } from './conversation.svelte.ts'
import { openShelf } from './diskshelf.ts'
import { Elsewhere, type Foreign } from './elsewhere.svelte.ts'
import { keyOfPage } from './key.ts'
import { onLeaving } from './leaving.ts'
import { Library } from './library.svelte.ts'
import { ownTasks } from './own.ts'
import { pocketOfPage } from './queue.svelte.ts'
import { newAnswer } from './record.ts'
import { isRecord } from './said.ts'
import { Seat } from './seat.svelte.ts'
import { Settings } from './settings.svelte.ts'
import { type Shelf, telling } from './shelf.ts'
import { Tabs } from './tabs.ts'
import { token } from './token.ts'
import { Update } from './update.svelte.ts'
import { onWake } from './wake.ts'

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
  readonly seat: Seat
  readonly library: Library
  notice = $state.raw<Notice | undefined>(undefined)
  /** What is open over the page. */
  panel = $state<'settings' | 'palette' | 'load' | 'help' | undefined>(undefined)
  /** The archive that is to replace the workspace, as soon as that is confirmed. */
  archive = $state.raw<File | undefined>(undefined)
  /** Nothing but the words and the box to type in. */
  zen = $state(false)

  readonly #own = ownTasks(pocketOfPage())
  #toldLoss = false

  private constructor(kept: Shelf) {
    this.api = new Api(keyOfPage(), () => this.connection.refused())
    this.connection = new Connection(clock, this.api)
    this.log = new AgentLog(clock, () => this.connection.nudge())
    this.attachments = new Attachments(this.api)
    const idle = () => document.hidden || this.connection.health !== 'online'
    this.elsewhere = new Elsewhere({ api: this.api, shelf: kept, own: this.#own, clock, idle })
    void this.connection.watch()
    const forever = new AbortController().signal
    void this.elsewhere.watch(forever)
    const tabs = new Tabs(clock)
    const changed = () => {
      tabs.say({ say: 'changed' })
      void this.library.refresh()
    }
    const shelf = telling(kept, changed)
    const parts = {
      api: this.api,
      shelf,
      clock,
      pocket: pocketOfPage(),
      began: this.#own.add,
      reachable: () => navigator.onLine && !['offline', 'gone'].includes(this.connection.health),
      lost: () => this.#lost(),
    }
    this.seat = new Seat({ shelf, clock, tabs, parts, moved: changed })
    this.library = new Library({ shelf, clock, tabs, seat: this.seat, tasks: () => this.#tasks(), forever })
    onWake((wake) => {
      this.connection.nudge()
      this.elsewhere.nudge()
      this.log.nudge()
      void this.library.refresh()
      this.conversation?.running?.nudge(wake)
    }, forever)
    onLeaving(forever)
    addEventListener('pagehide', () => void this.conversation?.running?.keep())
    if (!kept.lasting)
      this.notice = { kind: 'warning', text: 'this browser keeps nothing: a reload ends this conversation' }
  }

  static async open(): Promise<Desk> {
    const desk = new Desk(await openShelf())
    const known = await desk.library.open()
    await desk.seat.begin(known, (id) => desk.library.isGone(id))
    return desk
  }

  get conversation(): Conversation | undefined {
    return this.seat.conversation
  }

  startAnew(): Promise<void> {
    return this.seat.anew()
  }

  /** Opens one of the library's conversations; one that another tab has stays there, and the page says so. */
  async open(id: string): Promise<void> {
    const record = this.library.rows.find((row) => row.id === id)
    if (record) await this.seat.open(record)
  }

  async rename(id: string, title: string): Promise<void> {
    await this.#orSay('renaming', () => this.library.rename(id, title))
  }

  async remove(id: string): Promise<void> {
    await this.#orSay('deleting', () => this.library.remove(id))
  }

  async exportMarkdown(id: string): Promise<void> {
    await this.#orSay('exporting', () => this.library.exportMarkdown(id))
  }

  async exportJson(id: string): Promise<void> {
    await this.#orSay('exporting', () => this.library.exportJson(id))
  }

  exportAll(): Promise<void> {
    return this.#attempt('exporting all conversations', () => this.library.exportAll())
  }

  importFile(file: File): Promise<void> {
    return this.#attempt(`importing ${file.name}`, () => this.library.import(file))
  }

  async save(): Promise<void> {
    const { conversation } = this
    if (!conversation) return
    const what = 'saving the workspace'
    await this.#attempt(what, async () => {
      const progress = (bytes: number) => {
        this.notice = { kind: 'busy', text: `${what} · ${bytesOf(bytes)}` }
      }
      const { saveWorkspace } = await import('./workspace.ts')
      const name = await saveWorkspace(this.api, conversation.record.title, conversation.records(), progress)
      return `workspace saved as ${name}`
    })
  }

  async load(file: File): Promise<void> {
    const what = `loading ${file.name}`
    await this.#attempt(what, async () => {
      const progress = (part: number) => {
        this.notice = { kind: 'busy', text: `${what} · ${Math.round(part * 100)} %` }
      }
      const { loadWorkspace } = await import('./workspace.ts')
      const loaded = await loadWorkspace(this.api, file, progress, clock.now())
      if (loaded.messages.length > 0) await this.seat.adopt(loaded.title, loaded.messages, false)
      return `workspace loaded${loaded.files === undefined ? '' : ` · ${loaded.files} files`}`
    })
  }

  /** Takes up an answer that was asked for elsewhere, from its first word. */
  async show(foreign: Foreign): Promise<void> {
    this.#own.add(foreign.task)
    this.elsewhere.dismiss([foreign])
    const answer = { ...newAnswer(token(), token(), foreign.since), task: foreign.task, foreign: true }
    await this.seat.adopt('from another device', [answer], true)
  }

  async #tasks(): Promise<ReadonlySet<string>> {
    const body: unknown = await (await this.api.expect('/api/chat/tasks')).json()
    const tasks: unknown[] = isRecord(body) && Array.isArray(body.tasks) ? body.tasks : []
    return new Set(
      tasks.flatMap((task) =>
        isRecord(task) && task.status === 'running' && typeof task.task_id === 'string' ? [task.task_id] : [],
      ),
    )
  }

  #lost(): void {
    if (!this.#toldLoss)
      this.notice = {
        kind: 'warning',
        text: 'the browser has no room left: what comes now is lost at a reload',
      }
    this.#toldLoss = true
  }

  async #orSay(what: string, act: () => Promise<void>): Promise<void> {
    try {
      await act()
    } catch (error) {
      this.notice = { kind: 'failure', text: `${what} failed: ${reason(error)}` }
    }
  }

  async #attempt(what: string, act: () => Promise<string>): Promise<void> {
    this.notice = { kind: 'busy', text: what }
    try {
      this.notice = { kind: 'done', text: await act() }
    } catch (error) {
      this.notice = { kind: 'failure', text: `${what} failed: ${reason(error)}` }
    }
  }
}

function reason(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
