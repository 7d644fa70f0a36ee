import { motionChanged } from './motion.ts'

/** What a person may choose of how the page looks, with what holds as long as nobody chose first. */
export const CHOICES = {
  size: ['medium', 'small', 'large', 'huge'],
  contrast: ['normal', 'more'],
  density: ['comfortable', 'compact'],
  motion: ['as the device says', 'less'],
} as const

type Choices = typeof CHOICES
export type Setting = keyof Choices
export type Chosen = { readonly [K in Setting]: Choices[K][number] }

const KEY = 'ghost.settings'
const NAMES = Object.keys(CHOICES) as readonly Setting[]

/** What is stored may be old or foreign: whatever is not a choice is the first one. */
export function readChosen(text: string | null): Chosen {
  let stored: unknown
  try {
    stored = JSON.parse(text ?? '{}')
  } catch {
    stored = undefined
  }
  const kept: Record<string, unknown> = typeof stored === 'object' && stored !== null ? { ...stored } : {}
  const entries = NAMES.map((name) => [
    name,
    CHOICES[name].find((it) => it === kept[name]) ?? CHOICES[name][0],
  ])
  return Object.fromEntries(entries) as Chosen
}

/** How the page looks, in this tab and in all others. The styles read it from the attributes of the root. */
export class Settings {
  chosen = $state.raw<Chosen>(readChosen(null))
  readonly #root: HTMLElement

  constructor(root: HTMLElement) {
    this.#root = root
    this.#show(stored())
    addEventListener('storage', ({ key, newValue }) => key === KEY && this.#show(newValue))
  }

  choose<K extends Setting>(name: K, value: Chosen[K]): void {
    const text = JSON.stringify({ ...this.chosen, [name]: value })
    try {
      localStorage.setItem(KEY, text)
    } catch {
      // A browser that keeps nothing forgets this too; it holds until the page is left.
    }
    this.#show(text)
  }

  #show(text: string | null): void {
    this.chosen = readChosen(text)
    for (const name of NAMES) this.#root.dataset[name] = this.chosen[name]
    motionChanged()
  }
}

function stored(): string | null {
  try {
    return localStorage.getItem(KEY)
  } catch {
    return null
  }
}
