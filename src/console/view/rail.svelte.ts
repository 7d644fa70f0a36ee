const NAME = 'ghost.rail'
const WIDE = '(min-width: 60.01rem)'

/** Whether the list of conversations is shown: beside them where there is room, above them where there is none. */
export class Rail {
  isWide = $state(matchMedia(WIDE).matches)
  #isBeside = $state(false)
  #isAbove = $state(false)
  isOpen = $derived(this.isWide ? this.#isBeside : this.#isAbove)

  constructor(isUseful: boolean) {
    this.#isBeside = read() ?? isUseful
  }

  watch(): () => void {
    const query = matchMedia(WIDE)
    const changed = () => {
      this.isWide = query.matches
      this.#isAbove = false
    }
    query.addEventListener('change', changed)
    return () => query.removeEventListener('change', changed)
  }

  toggle(): void {
    if (!this.isWide) {
      this.#isAbove = !this.#isAbove
      return
    }
    this.#isBeside = !this.#isBeside
    keep(this.#isBeside)
  }

  /** What was above the conversation has done its work. */
  chosen(): void {
    this.#isAbove = false
  }
}

function read(): boolean | undefined {
  try {
    const kept = localStorage.getItem(NAME)
    return kept === null ? undefined : kept === 'open'
  } catch {
    return undefined
  }
}

function keep(isOpen: boolean): void {
  try {
    localStorage.setItem(NAME, isOpen ? 'open' : 'closed')
  } catch {
    // Then it is as it was before, the next time.
  }
}
