import { TASK_HEADER } from '../protocol.ts'
import { backOff, type Clock } from './clock.ts'
import type { Exchange } from './exchange.ts'
import { type Frame, frameReader } from './frames.ts'
import type { AnswerRecord, Ending } from './record.ts'
import { hear, hearEnd, isRecord, nothingSaid } from './said.ts'
import { endingOf, refusal, toldEnding, tooLate, verdict } from './verdict.ts'

/** The gateway says `: ping` every 15 s; two of them missing means that nobody is there. */
const SILENCE_MS = 35_000
const STALE_MS = 17_000
const RETRY_MOST_MS = 15_000
const CANCEL_MS = 10_000
const LAST_WORDS_MS = 3_000

/** `waiting`: the question has not been sent yet. */
export type Link = 'asking' | 'waiting' | 'live' | 'reconnecting'

/** Tells that the connection is over, whoever ended it; everything else that is thrown is a mistake of ours. */
class Cut extends Error {}

const reach = <T>(promise: Promise<T>): Promise<T> =>
  promise.catch((cause: unknown) => {
    throw new Cut('the connection is over', { cause })
  })

export interface FollowOptions {
  readonly exchange: Exchange
  readonly clock: Clock
  /** Something was heard; the record has it. */
  readonly changed: () => void
  /** The record holds what must survive this page: the task's name, before the first byte. */
  readonly keep: () => Promise<void>
  readonly link: (link: Link) => void
}

/**
 * Reads one answer to its end, over as many connections as it takes, and puts every chunk into the record once.
 * The page's side of the gateway's `follow`.
 */
export class Follow {
  /** How the answer ended; undefined when this page let go of it before it did. */
  readonly ended: Promise<Ending | undefined>

  readonly #record: AnswerRecord
  readonly #on: FollowOptions
  #attempt: AbortController | undefined
  #pause: AbortController | undefined
  #startedAt = 0
  #heardAt = 0
  #progress = false
  #hurry = false
  #left = false
  #stopping = false
  #agentWentOn = false
  #cancelled = false
  #settled: Ending | undefined

  constructor(record: AnswerRecord, options: FollowOptions) {
    this.#record = record
    this.#on = options
    this.ended = this.#run()
  }

  /** Something happened that may have killed the connection unnoticed, or brought the network back. */
  nudge(kind: 'online' | 'offline' | 'visible'): void {
    if (kind === 'offline') return this.#on.link('reconnecting')
    this.#hurry = true
    this.#pause?.abort()
    const now = this.#on.clock.now()
    const stale = now - this.#heardAt > STALE_MS || (kind === 'online' && now - this.#startedAt > 1_000)
    if (stale) this.#attempt?.abort()
  }

  stop(): void {
    if (this.#stopping) return
    this.#stopping = true
    this.#hurry = true
    this.#pause?.abort()
    if (this.#record.task) void this.#cancel(this.#record.task)
  }

  leave(): void {
    this.#left = true
    this.#attempt?.abort()
    this.#pause?.abort()
  }

  async #run(): Promise<Ending | undefined> {
    const { clock, link } = this.#on
    link('asking')
    for (let tries = 0; ; tries = this.#progress ? 0 : tries + 1) {
      this.#progress = false
      this.#hurry = false
      const late = tooLate(this.#record, clock.now())
      if (late) return late
      const ending = await this.#try()
      if (this.#left) return undefined
      if (ending ?? this.#settled) return ending ?? this.#settled
      if (this.#stopping && !this.#record.task) return { kind: 'stopped' }
      link(this.#record.sentAt === null ? 'waiting' : 'reconnecting')
      if (this.#hurry) continue
      this.#pause = new AbortController()
      await clock.wait(backOff(tries, RETRY_MOST_MS, clock.random()), this.#pause.signal)
      this.#pause = undefined
      if (this.#left) return undefined
    }
  }

  async #try(): Promise<Ending | undefined> {
    const { exchange, clock, link, keep } = this.#on
    const record = this.#record
    const attempt = new AbortController()
    this.#attempt = attempt
    this.#startedAt = this.#heardAt = clock.now()
    void this.#watch(attempt)
    try {
      const asked = record.task === null
      if (asked && record.sentAt === null) await this.#knock(attempt.signal)
      const response = await reach(
        record.task === null
          ? exchange.ask(record.key, attempt.signal)
          : exchange.resume(record.task, this.#offset(), attempt.signal),
      )
      if (!response.ok) {
        const ending = await reach(refusal(response, asked))
        if (!ending) throw new Cut('the gateway is not there')
        return ending
      }
      if (record.task === null) {
        record.task = response.headers.get(TASK_HEADER)
        void keep()
      }
      link('live')
      if (this.#stopping && record.task) void this.#cancel(record.task)
      await this.#read(response)
      return await this.#verdict(attempt.signal)
    } catch (error) {
      if (error instanceof Cut) return undefined
      throw error
    } finally {
      attempt.abort()
    }
  }

  /** Only what somebody takes is sent, so that what was kept back has certainly not run. */
  async #knock(signal: AbortSignal): Promise<void> {
    const { exchange, clock, keep } = this.#on
    const { status } = await reach(exchange.knock(signal))
    if (status >= 500 || status === 429) throw new Cut('the gateway is not there')
    this.#record.sentAt = clock.now()
    await keep()
    if (signal.aborted || this.#stopping) throw new Cut('stopped before it was sent')
  }

  /** Without numbers nobody can tell what was already heard, so all of it is heard again. */
  #offset(): number {
    const record = this.#record
    if (!record.numbered) {
      record.said = nothingSaid()
      record.next = 0
    }
    return record.next
  }

  async #read(response: Response): Promise<void> {
    const reader = response.body?.getReader()
    const decoder = new TextDecoder()
    const frames = frameReader((frame) => this.#take(frame))
    while (reader) {
      const { done, value } = await reach(reader.read())
      this.#heardAt = this.#on.clock.now()
      this.#on.link('live')
      if (done) break
      frames.push(decoder.decode(value, { stream: true }))
      this.#on.changed()
    }
    frames.end()
    if (!this.#record.numbered) hearEnd(this.#record.said)
  }

  #take(frame: Frame): void {
    const record = this.#record
    const now = this.#on.clock.now()
    this.#progress = true
    if (frame.kind !== 'line' && frame.id !== undefined) {
      record.numbered = true
      if (frame.id < record.next) return
      if (frame.id > record.next) throw new Cut('a chunk is missing')
      record.next = frame.id + 1
      hear(record.said, frame, now)
    } else if (frame.kind === 'comment') {
      if (frame.text === 'cancelled') this.#cancelled = true
    } else if (!record.numbered || (frame.kind === 'event' && frame.event === 'error')) {
      hear(record.said, frame, now)
    }
  }

  async #verdict(signal: AbortSignal): Promise<Ending> {
    const { said, task } = this.#record
    if (said.failure) return endingOf(said.failure.type, said.failure.message)
    if (this.#cancelled) return this.#stopped()
    if (said.done || task === null) return toldEnding(said)
    const response = await reach(this.#on.exchange.status(task, signal))
    if (response.status >= 500 || response.status === 429) throw new Cut('the gateway is not there')
    const ending = verdict(said, response.ok ? await reach(response.json()) : undefined)
    if (ending === 'running') throw new Cut('the answer goes on without us')
    return ending.kind === 'stopped' ? this.#stopped() : ending
  }

  #stopped(): Ending {
    return this.#agentWentOn ? { kind: 'stopped', agentWentOn: true } : { kind: 'stopped' }
  }

  async #cancel(task: string): Promise<void> {
    const limit = new AbortController()
    void this.#on.clock.wait(CANCEL_MS, limit.signal).then(() => limit.abort())
    try {
      const response = await this.#on.exchange.cancel(task, limit.signal)
      if (!response.ok) return // It is over already, and its ending is on the way; or the next connection asks again.
      const receipt: unknown = await response.json()
      const agent = isRecord(receipt) ? receipt.agent : undefined
      this.#agentWentOn = isRecord(agent) && agent.turn_cancelled === false
    } catch {
      return // Not reached: the next connection asks again.
    } finally {
      limit.abort()
    }
    // The gateway ends the stream now. Should this connection be dead without knowing it, do not wait for it.
    await this.#on.clock.wait(LAST_WORDS_MS, new AbortController().signal)
    this.#settled ??= this.#stopped()
    this.#attempt?.abort()
    this.#pause?.abort()
  }

  async #watch(attempt: AbortController): Promise<void> {
    const { clock } = this.#on
    while (!attempt.signal.aborted) {
      const left = SILENCE_MS - (clock.now() - this.#heardAt)
      if (left <= 0) return attempt.abort()
      await clock.wait(left, attempt.signal)
    }
  }
}
