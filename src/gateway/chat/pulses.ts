/** Pulses that fall into the same sixtieth of their time go together: to wake the process for each costs half as much as they do. */
const TURNS = 60

/** Whole milliseconds: a fraction would be an object of its own in each who waits. */
export const now = () => Math.floor(performance.now())

/** One who is to hear of it when nothing has come for a while. */
export interface Quiet {
  /** Since when, as `now` has it. */
  quietSince: number
  /** Where it is looked for; nobody else's business. */
  slot: number
  /** False: it could not be told just now, and is to be asked again soon. */
  pulse(): boolean
}

/**
 * One clock for all who wait. With a timer for each, which woke a reader to look at its log again, a ping cost four times what it costs to
 * write it: of thousands that are silent nothing is in the processor's cache, so what counts is how much has to be looked at.
 */
export class Pulses {
  readonly #grainMs: number
  /** Half a grain early at most, and half a grain late. */
  readonly #quietMs: number
  /** Who is due in which turn of a round. Who stays silent stays in its slot. */
  readonly #slots = Array.from({ length: TURNS }, () => new Set<Quiet>())
  #size = 0
  #turn = 0
  #timer: NodeJS.Timeout | undefined

  /** A pulse comes after `pulseMs` of silence, and then every `pulseMs`. */
  constructor(pulseMs: number) {
    this.#grainMs = pulseMs / TURNS
    this.#quietMs = pulseMs - this.#grainMs / 2
  }

  add(it: Quiet): void {
    if (this.#size === 0) this.#turn = this.#now()
    this.#place(it)
    if (this.#size++ === 0) this.#wait()
  }

  remove(it: Quiet): void {
    this.#slots[it.slot]?.delete(it)
    if (--this.#size === 0) clearTimeout(this.#timer)
  }

  #now(): number {
    return Math.floor(performance.now() / this.#grainMs)
  }

  #place(it: Quiet): void {
    const due = Math.ceil((it.quietSince + this.#quietMs) / this.#grainMs)
    const slot = Math.max(this.#turn + 1, due) % TURNS
    // Who was heard just now is in its slot again; put there anew it would be met again in the same walk.
    if (slot !== it.slot) this.#slots[it.slot]?.delete(it)
    it.slot = slot
    this.#slots[slot]?.add(it)
  }

  /** Until the next turn that anyone is looked for in. Who comes meanwhile is due then at the earliest. */
  #wait(): void {
    let next = this.#turn + 1
    while (next < this.#turn + TURNS && this.#slots[next % TURNS]?.size === 0) next++
    clearTimeout(this.#timer)
    const ms = Math.ceil(next * this.#grainMs - performance.now())
    this.#timer = setTimeout(() => this.#look(), ms)
  }

  /** All turns since the last look: a timer may be early, and a process may have stood still. */
  #look(): void {
    const last = this.#now()
    const first = Math.max(this.#turn + 1, last - TURNS + 1)
    this.#turn = last
    for (let turn = first; turn <= last; turn++) this.#take(this.#slots[turn % TURNS] ?? new Set())
    if (this.#size > 0) this.#wait()
  }

  #take(slot: Set<Quiet>): void {
    const at = now()
    for (const it of slot)
      if (at - it.quietSince >= this.#quietMs && it.pulse()) it.quietSince = at
      else this.#place(it)
  }
}
