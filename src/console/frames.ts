/** What stood between two blank lines of an event stream, or one line of a stream that is no event stream. */
export type Frame =
  | { readonly kind: 'event'; readonly id?: number; readonly event: string; readonly data: string }
  | { readonly kind: 'comment'; readonly id?: number; readonly text: string }
  | { readonly kind: 'line'; readonly text: string }

const FIELD = /^(data|event|id|retry)(?::|$)/
const NEWLINE = /[\r\n]/g

/**
 * Turns text, however it was split on the way, into frames. Comments are frames too: the gateway numbers
 * them and one of them says "cancelled", and no parser made for EventSource tells of them.
 */
export function frameReader(tell: (frame: Frame) => void) {
  let rest = ''
  let scanned = 0
  let afterCr = false
  let numbered = false

  let id: number | undefined
  let event = ''
  let data: string[] = []
  let comments: string[] = []

  const dispatch = () => {
    const number = id === undefined ? {} : { id }
    if (id !== undefined) numbered = true
    if (data.length > 0) tell({ kind: 'event', ...number, event: event || 'message', data: data.join('\n') })
    else if (id !== undefined || comments.length > 0)
      tell({ kind: 'comment', ...number, text: comments.join('\n') })
    id = undefined
    event = ''
    data = []
    comments = []
  }

  const line = (text: string) => {
    if (text === '') return dispatch()
    if (text.startsWith(':')) return void comments.push(text.slice(1).trim())
    const name = FIELD.exec(text)?.[1]
    if (name === undefined) {
      // Unknown fields are to be ignored, but an agent that answers NDJSON or plain text has nothing else.
      if (!numbered && data.length === 0) tell({ kind: 'line', text })
      return
    }
    const value = text.slice(name.length + 1).replace(/^ /, '')
    if (name === 'data') data.push(value)
    else if (name === 'event') event = value
    else if (name === 'id' && /^\d{1,15}$/.test(value)) id = Number(value)
  }

  return {
    push(text: string) {
      if (text === '') return
      rest += text
      let start = 0
      NEWLINE.lastIndex = scanned
      for (let found = NEWLINE.exec(rest); found; found = NEWLINE.exec(rest)) {
        const at = found.index
        const isSecondHalf = afterCr && at === start && rest[at] === '\n'
        afterCr = rest[at] === '\r'
        if (!isSecondHalf) line(rest.slice(start, at))
        start = at + 1
      }
      if (start < rest.length) afterCr = false
      rest = rest.slice(start)
      scanned = rest.length
    },

    /** An unfinished event of a numbered stream is dropped: it will come again, whole, under its number. */
    end() {
      if (rest !== '') line(rest)
      rest = ''
      if (!numbered && id === undefined) dispatch()
    },
  }
}
