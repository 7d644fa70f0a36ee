/** Something that happens again and again, and anyone may wait for the next time. */
export class Bell {
  #ring: () => void = () => {}
  #next = this.#again()

  /** Resolves when it rings. */
  get next(): Promise<void> {
    return this.#next
  }

  ring(): void {
    this.#ring()
    this.#next = this.#again()
  }

  #again(): Promise<void> {
    return new Promise((resolve) => {
      this.#ring = resolve
    })
  }
}
