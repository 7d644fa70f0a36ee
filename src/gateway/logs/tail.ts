import { type FSWatcher, type Stats, watch } from 'node:fs'
import { basename, dirname } from 'node:path'
import { toBeat } from '../beat.ts'
import { LINE_BYTES } from './lines.ts'
import { LogFile } from './logfile.ts'
import { FOLLOWING, find, type Standing, type TailState, troubleOf } from './standing.ts'

export interface Tail {
  readonly state: TailState
  /** What is wrong, in words that name no path. Undefined while following. */
  readonly detail: string | undefined
  /** Looks now rather than at the next poll; done when everything that is there has been told. */
  poll(): Promise<void>
}

export interface TailOptions {
  /** All lines of one read, never none. Must not throw. */
  onLines(lines: readonly string[]): void
  /** How often the file is looked at if nothing says that it changed. `Infinity`: only when `poll` is called. */
  readonly pollMs?: number
  /** The same where changes came and nothing said so, as on some network and shared folders, or where nothing can say so. */
  readonly deafMs?: number
  /** How long it rests after a look that was told of or that found something: the lines that a busy writer writes meanwhile share one read. */
  readonly restMs?: number
  /** How many of the newest lines of a file that is there at the start are told. */
  readonly backlog?: number
  readonly lineBytes?: number
}

/**
 * A file as lines, followed by name until the signal says stop, whatever becomes of the file.
 *
 * - There at the start: its newest lines, then what comes. Appearing later: everything in it.
 * - Moved away: it is read on until a new one of its name has bytes, so a writer that changes over late loses nothing.
 * - An unfinished last line waits for its newline. It is told as it is when none can come any more (the file was truncated, replaced or
 *   deleted), and at the start: there it is probably the last word of a process that died.
 * - Symbolic links are followed. What is not a regular file is left alone and called unreadable.
 *
 * The price of looking by name: a file that came and was moved away between two looks is not seen.
 */
export function tail(file: string, signal: AbortSignal, options: TailOptions): Tail {
  return new Follower(file, signal, options)
}

class Follower implements Tail {
  state: TailState = 'missing'
  detail: string | undefined = 'not looked for yet'
  readonly #path: string
  readonly #signal: AbortSignal
  readonly #options: Required<TailOptions>
  #file: LogFile | undefined
  /** Until the file was read, or was found missing. */
  #atStart = true
  #looking: Promise<void> | undefined
  #asked = false
  #watcher: FSWatcher | undefined
  #nudged = false
  /** Bytes came without a nudge: the next ones will, too. */
  #deaf = false
  #found = false
  /** Nothing said that anything changed: what looks as it did is not read. */
  #glances = false
  /** The file is read on under a name that is not watched. */
  #away = false
  #wake: (() => void) | undefined

  constructor(path: string, signal: AbortSignal, options: TailOptions) {
    this.#path = path
    this.#signal = signal
    this.#options = { pollMs: 1_000, deafMs: 100, restMs: 10, backlog: 10, lineBytes: LINE_BYTES, ...options }
    if (signal.aborted) return
    signal.addEventListener('abort', () => void this.#stop(), { once: true })
    if (this.#keepsLooking) void this.#run()
  }

  poll(): Promise<void> {
    this.#glances = false
    return this.#lookNow()
  }

  #lookNow(): Promise<void> {
    this.#asked = true
    this.#looking ??= this.#lookWhileAsked()
    return this.#looking
  }

  get #keepsLooking(): boolean {
    return Number.isFinite(this.#options.pollMs)
  }

  async #run(): Promise<void> {
    const { pollMs, deafMs, restMs } = this.#options
    for (let nudged = false; !this.#signal.aborted; nudged = this.#nudged) {
      this.#nudged = false
      this.#found = false
      // A look that was asked for reads.
      this.#glances = !nudged && !this.#isDeaf && !this.#looking
      await this.#lookNow()
      if (nudged || this.#found) await this.#pause(restMs)
      if (this.#nudged) continue
      if (this.#found && !nudged) this.#deaf = true
      await this.#pause(toBeat(this.#isDeaf ? deafMs : pollMs), 'until nudged')
    }
  }

  /** The system does not tell of all that comes. */
  get #isDeaf(): boolean {
    return this.#deaf || this.#away || !this.#watcher
  }

  async #pause(ms: number, until?: 'until nudged'): Promise<void> {
    if (this.#signal.aborted) return
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms).unref()
      this.#wake = () => {
        if (!until && !this.#signal.aborted) return
        clearTimeout(timer)
        resolve()
      }
    })
  }

  #nudge(): void {
    this.#nudged = true
    this.#wake?.()
  }

  /** Only a hint, for speed: it may fail, and its directory may be replaced under it. A newly opened file gets a new one. */
  #watch(): boolean {
    if (!this.#keepsLooking) return false
    this.#watcher?.close()
    this.#watcher = undefined
    try {
      const name = basename(this.#path)
      this.#watcher = watch(dirname(this.#path), { persistent: false }, (_event, changed) => {
        if (changed === name || changed === null) this.#nudge()
      })
      this.#watcher.on('error', () => {})
    } catch {}
    return this.#watcher !== undefined
  }

  async #stop(): Promise<void> {
    this.#wake?.()
    await this.#looking
    this.#watcher?.close()
    await this.#leave()
  }

  async #lookWhileAsked(): Promise<void> {
    while (this.#asked && !this.#signal.aborted) {
      this.#asked = false
      await this.#look()
    }
    this.#looking = undefined
  }

  async #look(): Promise<void> {
    try {
      const found = await find(this.#path)
      if (this.#file) await this.#goOn(this.#file, found)
      if (!this.#file && 'size' in found) await this.#begin()
      // It may have come just before its directory was watched.
      if (!this.#file && !this.#watcher && this.#watch()) this.#asked = true
      this.#is('size' in found ? FOLLOWING : found)
    } catch (error) {
      this.#is(troubleOf(error))
    }
  }

  /** Reads on after looking for the name, not before: a new file with bytes means that the old one has all it will ever have. */
  async #goOn(file: LogFile, found: Stats | Standing): Promise<void> {
    const there = 'size' in found && file.is(found)
    const replaced = 'size' in found && !there && found.size > 0
    this.#away = !there
    if (there && this.#glances && file.looksAs(found)) return
    try {
      if (await this.#drain(file)) this.#found = true
      if (there) file.remember(found)
    } catch (error) {
      // A file that can no longer be read must not keep us from the one that took its place.
      if (!replaced) throw error
    }
    if (there) return
    // Nobody else will ever read what is written to a deleted file, and holding on to it would hold its space on the disk.
    if (replaced || (await file.isDeleted())) await this.#leave()
  }

  async #begin(): Promise<void> {
    const file = await LogFile.open(this.#path, this.#options.lineBytes)
    this.#file = file
    this.#watch()
    if (this.#atStart) this.#tell(await file.newest(this.#options.backlog))
    this.#atStart = false
    await this.#drain(file)
  }

  /** Whether there was anything. */
  async #drain(file: LogFile): Promise<boolean> {
    for (let any = false; ; any = true) {
      const lines = await file.read()
      if (!lines || this.#signal.aborted) return any
      this.#tell(lines)
    }
  }

  async #leave(): Promise<void> {
    const file = this.#file
    this.#file = undefined
    this.#away = false
    if (!file) return
    this.#tell(file.flush())
    await file.close()
  }

  #tell(lines: readonly string[]): void {
    if (lines.length > 0 && !this.#signal.aborted) this.#options.onLines(lines)
  }

  #is({ state, detail }: Standing): void {
    this.state = state
    this.detail = detail
    if (state === 'missing') this.#atStart = false
  }
}
