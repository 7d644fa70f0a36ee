import { createParser } from 'eventsource-parser'
import { Splitter } from '../../src/gateway/chat/frames.ts'
import { giveBack, type Room } from '../../src/gateway/chat/spare.ts'

/** The chunks that a splitter makes of these reads, each as Latin-1 text. Taken after every read, or once at the end. */
export function split(reads: readonly Uint8Array[], options: { takes?: boolean } = {}): string[] {
  const splitter = new Splitter()
  const chunks: string[] = []
  const take = () => {
    const batch = splitter.take()
    let start = 0
    for (let i = 0; batch && i < batch.count; i++) {
      chunks.push(batch.bytes.toString('latin1', start, batch.ends[i]))
      start = batch.ends[i] ?? 0
    }
    if (batch) giveBack(batch)
  }
  for (const read of reads) {
    splitter.push(Buffer.from(read))
    if (options.takes) take()
  }
  splitter.finish()
  take()
  return chunks
}

/** What is in a batch, as Latin-1 text, and where its chunks end. */
export function inside(batch: Room | undefined): { text: string; ends: number[] } | undefined {
  return (
    batch && { text: batch.bytes.toString('latin1', 0, batch.used), ends: batch.ends.slice(0, batch.count) }
  )
}

/** Bytes in Latin-1, so that a test may write them as text. */
export const latin = (text: string): Buffer => Buffer.from(text, 'latin1')
export const splitText = (...reads: readonly string[]): string[] => split(reads.map(latin))

/** Cuts bytes at these places, wherever they fall. */
export function cutAt(bytes: Uint8Array, places: readonly number[]): Uint8Array[] {
  const cuts = [0, ...places.map((place) => place % (bytes.length + 1)), bytes.length].toSorted(
    (a, b) => a - b,
  )
  return cuts.slice(1).map((to, i) => bytes.subarray(cuts[i], to))
}

interface Line {
  readonly text: string
  readonly ending: string
}

const BOM = '\xef\xbb\xbf'
const isId = (text: string) => text === 'id' || text.startsWith('id:')

/**
 * The same cuts and numbers by the plainest means: whole Latin-1 text, one line after the other. What is unfinished at the end is an
 * event too; a rest of blank lines is no event and has no number. A blank line behind a lone CR is over at its own CR; every other line ending is as long as it can be.
 */
export function numbered(stream: string): string[] {
  const chunks: string[] = []
  let event: Line[] = []
  let rest = stream
  let previous = ''
  while (rest !== '') {
    const open = event.some(({ text }) => text !== '')
    const text = /^[^\r\n]*/.exec(rest)?.[0] ?? ''
    const longest = /^(?:\r\n|\r|\n|$)/.exec(rest.slice(text.length))?.[0] ?? ''
    const over = text === '' && open
    const ending = over && previous === '\r' && longest === '\r\n' ? '\r' : longest
    rest = rest.slice(text.length + ending.length)
    event.push({ text, ending })
    previous = ending
    if (!over) continue
    chunks.push(withId(event, chunks.length))
    event = []
  }
  if (event.some(({ text }) => text !== '')) chunks.push(withId(event, chunks.length))
  else if (event.length > 0) chunks.push(event.map(({ ending }) => ending).join(''))
  return chunks
}

function withId(event: readonly Line[], number: number): string {
  const mark = number === 0 && event[0]?.text.startsWith(BOM) ? BOM : ''
  const id = `id: ${number}`
  const lines = event.map((line, i) => (i === 0 ? { ...line, text: line.text.slice(mark.length) } : line))
  const own = lines.some(({ text }) => isId(text))
  const begin = lines.findIndex(({ text }) => text !== '')
  return (
    mark +
    lines
      .map(({ text, ending }, i) => {
        if (own) return (isId(text) ? id : text) + ending
        return (i === begin ? `${id}\n` : '') + text + ending
      })
      .join('')
  )
}

export interface Seen {
  readonly event: string | undefined
  readonly data: string
  readonly id: string | undefined
}

/** What a client sees of a stream that has come in whole. */
export function seen(stream: string): Seen[] {
  const events: Seen[] = []
  const parser = createParser({ onEvent: ({ event, data, id }) => events.push({ event, data, id }) })
  // A parser holds back a last CR, which may be half of a line ending; this is its other half.
  parser.feed(new TextDecoder().decode(latin(stream)) + (stream.endsWith('\r') ? '\n' : ''))
  return events
}
