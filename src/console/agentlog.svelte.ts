import type { LogLine } from '../protocol.ts'
import { backOff, type Clock } from './clock.ts'
import { monologueOf } from './logclass.ts'
import { type LogPage, LogRing, readLines, stepOf } from './logring.ts'

const RETRY_MOST_MS = 10_000

/** Something that the log said, and when it came. */
export interface Told {
  readonly text: string
  readonly at: number
}

/** The agent's log as it comes over `/ws`, gathered whether or not anybody looks. */
export class AgentLog {
  pages = $state.raw<readonly LogPage[]>([])
  count = $state(0)
  connected = $state(false)
  /** Lines that came while nobody looked. */
  unseen = $state(0)
  /** What the agent did last, in a few words, and when it said so. */
  step = $state.raw<Told | undefined>(undefined)
  /** What the planner said to itself last. */
  monologue = $state.raw<Told | undefined>(undefined)

  readonly #clock: Clock
  readonly #ring = new LogRing()
  readonly #tell: () => void
  #pause = new AbortController()
  #frame = 0
  #isOpen = false
  readonly #listeners = new Set<(lines: readonly LogLine[]) => void>()

  /** `changed` is called with every change of the connection: it tells sooner than any request that the gateway went. */
  constructor(clock: Clock, changed: () => void) {
    this.#clock = clock
    this.#tell = changed
    void this.#run()
  }

  /** Tells of what is new, not of what was; the answer ends it. */
  listen(listener: (lines: readonly LogLine[]) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  nudge(): void {
    this.#pause.abort()
  }

  clear(): void {
    this.#ring.clear()
    this.#show()
  }

  look(isOpen: boolean): void {
    this.#isOpen = isOpen
    if (isOpen) this.unseen = 0
  }

  async #run(): Promise<void> {
    for (let tries = 0; ; tries += 1) {
      const wasOpen = await this.#connection()
      if (wasOpen) tries = 0
      this.#pause = new AbortController()
      await this.#clock.wait(backOff(tries, RETRY_MOST_MS, this.#clock.random()), this.#pause.signal)
    }
  }

  /** Resolves when it is over, with whether it ever stood. */
  #connection(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = new WebSocket('/ws?batch=1')
      let isFirst = true
      let wasOpen = false
      socket.onopen = () => {
        wasOpen = true
        this.connected = true
        this.#tell()
      }
      socket.onmessage = ({ data }) => {
        const lines = readLines(String(data))
        if (isFirst) this.#ring.addAfterGap(lines)
        else this.#ring.add(lines)
        // What the gateway tells at the beginning is history, not news.
        if (!isFirst && !this.#isOpen) this.unseen += lines.length
        if (!isFirst) for (const tell of this.#listeners) tell(lines)
        isFirst = false
        this.#tellSteps(lines)
        this.#showSoon()
      }
      socket.onclose = () => {
        if (this.connected) {
          this.connected = false
          this.#tell()
        }
        resolve(wasOpen)
      }
    })
  }

  #tellSteps(lines: readonly LogLine[]): void {
    const at = this.#clock.now()
    const thought = lines.findLast((line) => monologueOf(line.content) !== undefined)
    if (thought) this.monologue = { text: monologueOf(thought.content) ?? '', at }
    // A thought has a line of its own.
    const last = lines.findLast(
      (line) => !line.is_error && stepOf(line.content) !== '' && monologueOf(line.content) === undefined,
    )
    if (last) this.step = { text: stepOf(last.content), at }
  }

  /** A log can say ten thousand lines a second; a screen shows sixty frames. */
  #showSoon(): void {
    if (this.#frame !== 0) return
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0
      this.#show()
    })
  }

  #show(): void {
    this.pages = this.#ring.pages
    this.count = this.#ring.count
  }
}
