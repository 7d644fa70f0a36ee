import { createParser } from 'eventsource-parser'
import { within } from './wait.ts'

export type Item =
  | { readonly kind: 'event'; readonly event: string; readonly id: string | undefined; readonly data: string }
  | { readonly kind: 'comment'; readonly text: string }

/** Reads a body as events and as bytes at once; a broken body rejects, a clean end does not. */
export class EventReader {
  /** All items that were read so far. */
  readonly items: Item[] = []
  readonly #pieces: Uint8Array[] = []
  readonly #source: AsyncIterator<Uint8Array>
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  readonly #parser = createParser({
    onEvent: ({ event = 'message', id, data }) => this.items.push({ kind: 'event', event, id, data }),
    onComment: (text) => this.items.push({ kind: 'comment', text }),
  })
  #taken = 0
  #ended = false

  constructor(source: AsyncIterable<Uint8Array>) {
    this.#source = source[Symbol.asyncIterator]()
  }

  async #pull(): Promise<boolean> {
    const { done, value } = await this.#source.next()
    this.#ended = done === true
    if (done) return false
    this.#pieces.push(value)
    this.#parser.feed(this.#decoder.decode(value, { stream: true }))
    return true
  }

  /** The next event or comment; undefined at the end. */
  next(): Promise<Item | undefined> {
    return within('the next event of a stream', this.#next())
  }

  async #next(): Promise<Item | undefined> {
    while (this.#taken >= this.items.length) if (this.#ended || !(await this.#pull())) return undefined
    return this.items[this.#taken++]
  }

  /** Reads on until an item satisfies `wanted`; fails when the stream ends first. */
  async until(wanted: (item: Item) => boolean): Promise<Item> {
    for (;;) {
      const item = await this.next()
      if (!item) throw new Error(`the stream ended first, after ${JSON.stringify(this.items.slice(-5))}`)
      if (wanted(item)) return item
    }
  }

  /** Reads on until at least so many bytes have come. */
  async atLeast(bytes: number): Promise<Buffer> {
    const read = async () => {
      while (this.#length() < bytes) if (!(await this.#pull())) throw new Error('the stream ended first')
      return Buffer.concat(this.#pieces)
    }
    return within(`${bytes} bytes of a stream`, read())
  }

  #length(): number {
    return this.#pieces.reduce((sum, piece) => sum + piece.length, 0)
  }

  /** Everything to the end, as items. */
  async rest(ms?: number): Promise<readonly Item[]> {
    await this.bytes(ms)
    return this.items
  }

  /** Everything to the end, as it was on the wire. */
  async bytes(ms?: number): Promise<Buffer> {
    const read = async () => {
      while (await this.#pull());
      return Buffer.concat(this.#pieces)
    }
    return within('the end of a stream', read(), ms)
  }

  /** What has been read already. */
  soFar(): Buffer {
    return Buffer.concat(this.#pieces)
  }
}

export const isEvent = (item: Item): item is Item & { kind: 'event' } => item.kind === 'event'
export const says = (text: string) => (item: Item) => isEvent(item) && item.data.includes(text)
export const isPing = (item: Item) => item.kind === 'comment' && item.text.trim() === 'ping'

/** The words of an answer, put together as a client does. */
export const words = (items: readonly Item[]): string =>
  items
    .filter(isEvent)
    .filter(({ event, data }) => event === 'message' && data !== '[DONE]')
    .map(({ data }) => (JSON.parse(data) as Delta).choices[0]?.delta.content ?? '')
    .join('')
interface Delta {
  readonly choices: readonly { readonly delta: { readonly content?: string } }[]
}

/** What an `event: error` at the end says; undefined when there is none. */
export function failure(items: readonly Item[]): { message: string; type: string } | undefined {
  const last = items.at(-1)
  if (!last || !isEvent(last) || last.event !== 'error') return undefined
  return (JSON.parse(last.data) as { error: { message: string; type: string } }).error
}
