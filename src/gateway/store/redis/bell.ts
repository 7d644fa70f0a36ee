/** Something that happens again and again, and anyone may wait for the next time. */
export class Bell {
  #ring: (() => void) | undefined
  #next: Promise<void> | undefined

  /** Resolves when it rings. */
  get next(): Promise<void> {
    this.#next ??= new Promise((resolve) => {
      this.#ring = resolve
    })
    return this.#next
  }

  ring(): void {
    this.#ring?.()
    this.#ring = undefined
    this.#next = undefined
  }
}
