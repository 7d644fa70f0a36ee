import { type Block, Blocks } from './blocks.ts'
import type { Clock } from './clock.ts'
import type { Exchange } from './exchange.ts'
import { Follow, type Link } from './follow.ts'
import { type Prose, takeApart } from './prose.ts'
import type { AnswerRecord, Ending } from './record.ts'
import { failureOf } from './said.ts'
import { endingOf } from './verdict.ts'

const KEEP_MS = 1_000
/** Showing that took longer than this is followed by a rest of some times as long. */
const QUICK_MS = 10
const RESTS = 3
const LONGEST_REST_MS = 1_000
/** What comes faster than it can be drawn is drawn piece by piece. */
const PIECE_CHARS = 8_000
/** So much at once is no speech, and one pause is shorter than all its pieces. */
const WHOLE_CHARS = 250_000

/** A page that is not seen has no frames: then it goes on without. */
const FRAME_MS = 250

/** Resolves when the page has laid out what it has: all pieces of an answer laid out together are one long pause. */
function laidOut(): Promise<void> {
  return new Promise((resolve) => {
    const late = setTimeout(resolve, FRAME_MS)
    requestAnimationFrame(() => {
      clearTimeout(late)
      setTimeout(resolve)
    })
  })
}

/** A step on the way to the answer, as one row. */
export interface Step {
  readonly name: string
  readonly args: string
}

/** What can be done with the newest answer when it has ended. */
export interface Acts {
  readonly retry: () => void
  readonly goOn: () => void
}

/** One answer on screen. The record is the truth; what is shown is derived from it, once a frame. */
export class Answer {
  readonly role = 'assistant'
  readonly record: AnswerRecord

  link = $state<Link>('asking')
  stopping = $state(false)
  ending = $state.raw<Ending | null>(null)
  endedAt = $state<number | null>(null)
  // Worked out when somebody looks: of a thousand answers, nobody looks at most.
  text = $derived.by(() => this.#prose.text)
  blocks = $derived.by((): readonly Block[] => this.#blocks.update(this.text.slice(0, this.#drawn)))
  reasoning = $derived.by(() => {
    const written = this.#prose.reasoning
    return [this.record.said.reasoning, written].filter((part) => part.trim() !== '').join('\n\n')
  })
  steps = $derived.by((): readonly Step[] =>
    [...this.record.said.tools, ...this.#prose.calls].map(({ name, args }) => ({
      name: name || 'tool',
      args,
    })),
  )
  /** How long it thought before its first word; null while it has none, or when it did not think. */
  thoughtMs = $state<number | null>(null)
  thoughtFrom = $state<number | null>(null)
  finish = $state<string | null>(null)

  /** How many blocks an earlier page had already shown: what is in them does not run by itself again. */
  readonly restored: number
  readonly #clock: Clock
  readonly #save: () => Promise<void>
  readonly #blocks = new Blocks()
  #turn = $state(0)
  #prose: Prose = $derived.by(() => {
    void this.#turn
    return takeApart(this.record.said.content, this.record.ending === null)
  })
  #follow: Follow | undefined
  #frame = 0
  #isResting = false
  #isStale = false
  /** How many characters of its text are on the page. */
  #drawn = $state(0)
  #saving: number | undefined
  #left = false

  constructor(record: AnswerRecord, clock: Clock, save: () => Promise<void>) {
    this.record = record
    this.#clock = clock
    this.#save = save
    this.restored = record.ending ? Number.POSITIVE_INFINITY : 0
    this.#show()
    if (!record.ending && record.said.content !== '') this.restored = this.blocks.length
  }

  get id(): string {
    return this.record.id
  }

  get at(): number {
    return this.record.at
  }

  get running(): boolean {
    return this.ending === null
  }

  /** Reads it to its end, from where this or an earlier page left off. */
  async follow(exchange: Exchange): Promise<void> {
    if (this.#follow || !this.running) return
    this.#follow = new Follow(this.record, {
      exchange,
      clock: this.#clock,
      changed: () => this.#changed(),
      keep: () => this.keep(),
      link: (link) => {
        this.link = link
      },
    })
    if (this.stopping) this.#follow.stop()
    const ending = await this.#follow.ended.catch((error: unknown): Ending => {
      return { kind: 'failed', ...failureOf(error instanceof Error ? error.message : error) }
    })
    if (!ending) return
    do {
      // Before it is asked how far it is: what came since it was shown last is not counted yet.
      this.#show()
      await laidOut()
    } while (this.#isBehind() && !document.hidden)
    this.record.ending = ending
    this.record.endedAt = this.#clock.now()
    cancelAnimationFrame(this.#frame)
    this.#show()
    await this.keep()
  }

  stop(): void {
    if (!this.running) return
    this.stopping = true
    this.#follow?.stop()
  }

  nudge(kind: 'online' | 'offline' | 'visible'): void {
    this.#follow?.nudge(kind)
  }

  /** Resolves when it is put away. What comes after that belongs to whoever takes it up. */
  async leave(): Promise<void> {
    this.#follow?.leave()
    cancelAnimationFrame(this.#frame)
    const kept = this.keep()
    this.#left = true
    await kept
  }

  /** Nobody will read it on. */
  abandon(): void {
    if (!this.running) return
    this.record.ending = endingOf('Forgotten', 'the page was closed before this answer ended')
    this.#show()
  }

  /** Puts away what was heard so far. */
  async keep(): Promise<void> {
    clearTimeout(this.#saving)
    this.#saving = undefined
    if (!this.#left) await this.#save()
  }

  #changed(): void {
    if (this.#left) return
    this.#saving ??= window.setTimeout(() => void this.keep(), KEEP_MS)
    this.#isStale = true
    if (this.#frame !== 0 || this.#isResting) return
    this.#frame = requestAnimationFrame(() => this.#draw())
  }

  /** What takes long to show is shown less often, so that most of the page's time is its reader's. */
  #draw(): void {
    const from = performance.now()
    this.#frame = 0
    this.#isStale = false
    this.#isResting = true
    this.#show()
    // A task of its own: by then the page has been laid out, which is the larger part.
    setTimeout(() => {
      const took = performance.now() - from
      const rested = () => {
        this.#isResting = false
        if ((this.#isStale || this.#isBehind()) && this.running) this.#changed()
      }
      if (took <= QUICK_MS) rested()
      else setTimeout(rested, Math.min(LONGEST_REST_MS, took * RESTS))
    })
  }

  /** How far it may be drawn now. */
  #further(): number {
    const { length } = this.text
    // What an earlier page had shown is there at once.
    if (!this.#follow) return length
    const isSpeech = length - this.#drawn < WHOLE_CHARS
    return isSpeech ? Math.min(this.#drawn + PIECE_CHARS, length) : length
  }

  #isBehind(): boolean {
    return this.#drawn < this.text.length
  }

  #show(): void {
    const { said, ending, endedAt } = this.record
    this.#turn += 1
    this.#drawn = ending === null ? this.#further() : Number.POSITIVE_INFINITY
    this.#timeThought()
    this.finish = said.finish
    this.ending = ending
    this.endedAt = endedAt
  }

  #timeThought(): void {
    const { said, endedAt } = this.record
    if (said.firstAt === null) return
    if (said.spokeAt === null && this.text.trim() !== '') said.spokeAt = this.#clock.now()
    const thought = this.reasoning !== '' || this.steps.length > 0
    this.thoughtFrom = thought ? said.firstAt : null
    const until = said.spokeAt ?? endedAt
    this.thoughtMs =
      this.thoughtFrom !== null && until !== null ? Math.max(0, until - this.thoughtFrom) : null
  }
}
