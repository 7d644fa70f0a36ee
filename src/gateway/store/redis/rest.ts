/** A pause before the next try, which whoever knows better can cut short. */
export class Rest {
  #over: () => void = () => {}

  take(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, ms)
      this.#over = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  cut(): void {
    this.#over()
  }
}
