import { Follower } from '../../src/gateway/chat/follow.ts'
import type { Pulses } from '../../src/gateway/chat/pulses.ts'
import type { Leaving, Page, StreamStore } from '../../src/gateway/store/store.ts'

type Show = (page: Page) => Promise<void> | undefined

class Shown extends Follower {
  readonly #show: Show

  constructor(store: StreamStore, id: string, from: number, show: Show) {
    super(store, id, from)
    this.#show = show
  }
  protected override show(page: Page): Promise<void> | undefined {
    return this.#show(page)
  }
}

/** A follower who does with its pages what it is told. */
export function follow(
  store: StreamStore,
  id: string,
  from: number,
  clock: Pulses,
  gone: Leaving,
  show: Show,
): Promise<void> {
  return new Shown(store, id, from, show).follow(clock, gone)
}
