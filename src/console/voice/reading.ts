import { Lexer, type Token, type Tokens } from 'marked'
import { type Block, Blocks } from '../blocks.ts'
import { sayable, wordsOf } from './inline.ts'
import { type Passage, sentencesOf } from './sentences.ts'

/** More of a table than this is nothing that one could follow by ear. */
const TABLE_ROWS = 6
const TABLE_COLUMNS = 4

/**
 * A growing answer as sentences to be said. What was given once stays: a longer text only adds to the list, so that
 * a number of sentences is a place in the answer.
 */
export class Reading {
  readonly #blocks = new Blocks()
  readonly #known = new Map<string, readonly string[]>()

  update(text: string, isOver: boolean): readonly string[] {
    const blocks = this.#blocks.update(text)
    const isBetween = /\n[ \t]*\n\s*$/.test(text)
    return blocks.flatMap((block, at) => {
      const isLast = at === blocks.length - 1
      if (!isLast || isOver) return this.#settled(block)
      return growing(block, isBetween)
    })
  }

  #settled(block: Block): readonly string[] {
    const name = `${block.key}\n${block.raw}`
    const known = this.#known.get(name) ?? said(passagesOf(block, true))
    this.#known.set(name, known)
    return known
  }
}

function said(passages: readonly Passage[]): string[] {
  return passages.flatMap(({ text, closed }) => sentencesOf({ text: sayable(text), closed }))
}

function growing(block: Block, isBetween: boolean): string[] {
  if (block.kind !== 'prose') return block.kind === 'plain' ? said(passagesOf(block, false)) : []
  const first = block.tokens[0]
  if (isBetween && first?.type === 'paragraph') return said(passagesOf(block, true))
  const raw = sure(block.raw)
  // Anything with bars may become a table, and a table is read when all of it is there.
  if (/\|/.test(raw) || first?.type === 'html' || first?.type === 'table') return []
  const tokens = new Lexer({ gfm: true, breaks: true }).lex(raw)
  return said(tokens.flatMap((token, at) => passages(token, at < tokens.length - 1)))
}

/** Up to where a mark stands open: what it is going to be, nobody knows yet. */
function sure(raw: string): string {
  const paragraph = Math.max(raw.lastIndexOf('\n\n') + 2, 1) - 1
  const tail = raw.slice(paragraph)
  const cuts = [openAt(tail, /`+/g), openAt(tail, /\$\$/g), openLinkAt(tail), /<[^>]*$/.exec(tail)?.index]
  const cut = Math.min(...cuts.map((at) => at ?? tail.length))
  return raw.slice(0, paragraph + cut)
}

function openAt(text: string, mark: RegExp): number | undefined {
  let open: { readonly at: number; readonly mark: string } | undefined
  for (const { 0: found, index } of text.matchAll(mark)) {
    if (!open) open = { at: index, mark: found }
    else if (open.mark === found) open = undefined
  }
  return open?.at
}

function openLinkAt(text: string): number | undefined {
  // Words in brackets are a link only if an address follows, and nothing but the end of it says so.
  const found = /!?\[(?:[^\][]|\[[^\][]*\])*(?:$|\](?:$|\([^)]*$|\[[^\]]*$))/.exec(text)
  return found?.index
}

function passagesOf(block: Block, closed: boolean): Passage[] {
  if (block.kind === 'code') return []
  if (block.kind === 'plain') return [{ text: block.text, closed }]
  return block.tokens.flatMap((token) => passages(token, closed))
}

function passages(token: Token, closed: boolean): Passage[] {
  switch (token.type) {
    case 'list':
      return inOrder((token as Tokens.List).items, closed)
    case 'list_item':
    case 'blockquote':
      return inOrder((token as Tokens.Blockquote).tokens, closed)
    case 'table':
      return closed ? rows(token as Tokens.Table) : []
    case 'paragraph':
    case 'heading':
    case 'text': {
      const { tokens, text } = token as Tokens.Paragraph
      return [{ text: tokens ? wordsOf(tokens) : text, closed }]
    }
  }
  return [] // Code, rules, HTML and definitions are for the eyes.
}

function inOrder(tokens: readonly Token[], closed: boolean): Passage[] {
  const last = tokens.findLastIndex((token) => token.type !== 'space')
  return tokens.flatMap((token, at) => passages(token, closed || at < last))
}

function rows({ header, rows }: Tokens.Table): Passage[] {
  if (rows.length > TABLE_ROWS || header.length > TABLE_COLUMNS) return []
  const heads = header.map((cell) => wordsOf(cell.tokens).trim())
  return rows.map((row) => {
    const cells = row.map((cell, at) => {
      const words = wordsOf(cell.tokens).trim()
      return words === '' ? '' : heads[at] ? `${heads[at]}: ${words}` : words
    })
    return { text: cells.filter((cell) => cell !== '').join(', '), closed: true }
  })
}
