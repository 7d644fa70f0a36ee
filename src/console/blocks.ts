import { Lexer, type MarkedOptions, type Token, type Tokens } from 'marked'

/** One top-level piece of a text: code, or tokens to be rendered. `raw` says whether it has changed. */
export type Block = { readonly key: number; readonly raw: string } & (
  | { readonly kind: 'code'; readonly language: string; readonly text: string; readonly closed: boolean }
  | { readonly kind: 'prose'; readonly tokens: Token[]; readonly goesOn: boolean }
  | { readonly kind: 'plain'; readonly text: string }
)

/** A list, or a part of a longer one; then it may go on from a part before it. */
type Piece = Tokens.List & { goesOn?: boolean }

const OPTIONS: MarkedOptions = { gfm: true, breaks: true }
/** A paragraph this long without an end is no prose, and lexing it over and over would stop the page. */
const PLAIN_CHARS = 10_000
/** A star or a line below counts as so many: what thousands of them could open and close is looked for among all of them. */
const MARK_CHARS = 10
/** A list this long gives its first items away as a block of their own, or every new one would lex and draw all of them. */
const LIST_ITEMS = 100
const PIECE_ITEMS = 50

/**
 * A growing text as blocks. Only what may still change is lexed again: in Markdown that is the last block, since
 * everything before it has been closed by what follows.
 */
export class Blocks {
  #settled: Block[] = []
  #source = ''
  #links: Lexer['tokens']['links'] = Object.create(null)
  /** The one that may still change. */
  #open: Token | undefined

  update(written: string): Block[] {
    const text = written.includes('\r') ? written.replaceAll(/\r\n?/g, '\n') : written
    if (!text.startsWith(this.#source)) this.#forget()
    const tokens = this.#goOn(this.#lex(text.slice(this.#source.length))).flatMap(inPieces)
    const last = tokens.findLastIndex((token) => token.type !== 'space')
    const blocks = [...this.#settled]
    let settled = blocks.length
    for (const [index, token] of tokens.entries()) {
      if (token.type !== 'space' && token.type !== 'def') blocks.push(blockOf(token, blocks.length))
      if (index >= last) continue
      this.#source += token.raw
      settled = blocks.length
    }
    this.#settled = blocks.slice(0, settled)
    this.#open = tokens[last]
    return blocks
  }

  #forget(): void {
    this.#settled = []
    this.#source = ''
    this.#links = Object.create(null)
    this.#open = undefined
  }

  /** What is lexed again does not know that it is the rest of a list. */
  #goOn(tokens: Token[]): Token[] {
    const [first] = tokens
    if (isList(first) && isList(this.#open) && first.ordered === this.#open.ordered) {
      first.start = this.#open.start
      first.goesOn = this.#open.goesOn ?? false
    }
    return tokens
  }

  #lex(tail: string): Token[] {
    if (isEndless(tail)) return [plain(tail)]
    const lexer = new Lexer(OPTIONS)
    Object.assign(lexer.tokens.links, this.#links)
    try {
      const tokens = lexer.lex(tail)
      this.#links = lexer.tokens.links
      return tokens
    } catch {
      return [plain(tail)] // Thousands of nested quotes end the stack.
    }
  }
}

/** The parts of a long list, each a list whose numbers go on where those of the one before ended. */
function inPieces(token: Token): Token[] {
  if (!isList(token) || token.items.length <= LIST_ITEMS) return [token]
  const pieces: Piece[] = []
  let left = token.raw
  for (let from = 0; from < token.items.length; ) {
    const isRest = token.items.length - from <= LIST_ITEMS
    const items = token.items.slice(from, isRest ? undefined : from + PIECE_ITEMS)
    const raw = isRest ? left : items.map((item) => item.raw).join('')
    if (!left.startsWith(raw)) return [token]
    const start = token.ordered ? Number(token.start) + from : ''
    pieces.push({ ...token, items, raw, start, goesOn: token.goesOn || from > 0 })
    left = left.slice(raw.length)
    from += items.length
  }
  return pieces
}

const isList = (token: Token | undefined): token is Piece => token?.type === 'list'

const plain = (raw: string): Tokens.Generic => ({ type: 'plain', raw })

function blockOf(token: Token, key: number): Block {
  const { raw } = token
  if (token.type === 'code') {
    const code = token as Tokens.Code
    return {
      key,
      raw,
      kind: 'code',
      language: /^[\w+#.-]+/.exec(code.lang ?? '')?.[0] ?? '',
      text: code.text,
      closed: isClosed(raw),
    }
  }
  if (token.type === 'plain') return { key, raw, kind: 'plain', text: raw }
  return { key, raw, kind: 'prose', tokens: [token], goesOn: isList(token) && token.goesOn === true }
}

/** Whether a fence has its other end; code without a fence ends where it ends. */
function isClosed(raw: string): boolean {
  const fence = /^ {0,3}(`{3,}|~{3,})/.exec(raw)?.[1]
  if (!fence) return true
  const written = raw.trimEnd()
  const start = written.lastIndexOf('\n')
  const last = written.slice(start + 1).trim()
  return start > 0 && last.length >= fence.length && last === fence.charAt(0).repeat(last.length)
}

function isEndless(tail: string): boolean {
  if (tail.length * MARK_CHARS < PLAIN_CHARS) return false
  let isCode = false
  let run = 0
  for (const line of tail.split('\n')) {
    if (/^\s*(?:```|~~~)/.test(line)) isCode = !isCode
    // Items and rows are read one by one, however many there are.
    if (isCode || /^\s*(?:[-*+>|]|\d+[.)])|^\s*$/.test(line)) run = 0
    run += isCode ? 0 : line.length + (line.match(/[*_]/g)?.length ?? 0) * (MARK_CHARS - 1)
    if (run >= PLAIN_CHARS) return true
  }
  return false
}
