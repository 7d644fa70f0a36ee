import { type Command, commandsFor } from './commands.ts'
import type { Desk } from './desk.svelte.ts'

/** The commands that go with what is typed, and the one that is meant. */
export class Slash {
  row = $state(0)
  commands = $derived.by((): readonly Command[] =>
    this.#isShut ? [] : commandsFor(this.#text(), this.#desk),
  )
  #isShut = $state(false)
  readonly #desk: Desk
  readonly #text: () => string

  constructor(desk: Desk, text: () => string) {
    this.#desk = desk
    this.#text = text
  }

  typed(): void {
    this.row = 0
    this.#isShut = false
  }

  /** True when the key was for the list. */
  pressed(key: string, complete: (text: string) => void, choose: (command: Command) => void): boolean {
    const { commands } = this
    const chosen = commands[this.row] ?? commands[0]
    if (!chosen) return false
    if (key === 'ArrowDown') this.row = (this.row + 1) % commands.length
    else if (key === 'ArrowUp') this.row = (this.row + commands.length - 1) % commands.length
    else if (key === 'Escape') this.#isShut = true
    else if (key === 'Enter') choose(chosen)
    else if (key === 'Tab') complete(`/${chosen.name}`)
    else return false
    return true
  }
}
