import type { Clip, Voice } from '../../../src/console/voice/speaker.ts'

interface Wish {
  readonly text: string
  readonly resolve: (clip: Clip) => void
  readonly reject: (error: unknown) => void
}

/** A voice server and a loudspeaker that do what a test says, and remember what was asked of them. */
export class Stage {
  readonly asked: string[] = []
  readonly cancelled: string[] = []
  readonly played: string[] = []
  readonly #wishes: Wish[] = []
  readonly #sounding = new Map<string, () => void>()

  /** Does not listen to its signal: the worst a voice can do. */
  readonly voice: Voice = (text, signal) => {
    this.asked.push(text)
    signal.addEventListener('abort', () => this.cancelled.push(text))
    return new Promise((resolve, reject) => this.#wishes.push({ text, resolve, reject }))
  }

  get playing(): string[] {
    return [...this.#sounding.keys()]
  }

  made(text: string): void {
    for (const wish of this.#take(text)) wish.resolve(this.#clip(text))
  }

  refused(text: string): void {
    for (const wish of this.#take(text)) wish.reject(new Error('refused'))
  }

  ended(text: string): void {
    this.#sounding.get(text)?.()
  }

  #take(text: string): Wish[] {
    const found = this.#wishes.filter((wish) => wish.text === text)
    for (const wish of found) this.#wishes.splice(this.#wishes.indexOf(wish), 1)
    return found
  }

  #clip(text: string): Clip {
    return {
      play: (began, signal) =>
        new Promise((resolve) => {
          const done = () => {
            this.#sounding.delete(text)
            resolve()
          }
          if (signal.aborted) return resolve()
          this.played.push(text)
          this.#sounding.set(text, done)
          signal.addEventListener('abort', done)
          began()
        }),
    }
  }
}
