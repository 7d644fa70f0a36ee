import type { LogLine } from '../protocol.ts'
import { plain } from './plain.ts'
import { isRecord } from './said.ts'

export interface NumberedLine extends LogLine {
  readonly number: number
}

/** Lines that are kept, shown and thrown away together. A page changes only by being replaced. */
export interface LogPage {
  readonly number: number
  readonly lines: readonly NumberedLine[]
}

const LINES = 20_000
const PAGE_LINES = 50
const ALL_CHARACTERS = 6_000_000
const CHARACTERS = 4_000

/** The newest lines of the agent's log. */
export class LogRing {
  #pages: LogPage[] = []
  #next = 1
  #count = 0
  #characters = 0

  get pages(): readonly LogPage[] {
    return this.#pages
  }

  get lines(): readonly NumberedLine[] {
    return this.#pages.flatMap((page) => page.lines)
  }

  get count(): number {
    return this.#count
  }

  add(lines: readonly LogLine[]): void {
    const numbered = lines.map(({ content, is_error }) => ({ number: this.#next++, content, is_error }))
    const pages = [...this.#pages]
    let open = pages.at(-1)
    for (let at = 0; at < numbered.length; ) {
      const isFull = open === undefined || open.lines.length >= PAGE_LINES
      const before = isFull || !open ? [] : open.lines
      const more = numbered.slice(at, at + PAGE_LINES - before.length)
      at += more.length
      open = { number: before[0]?.number ?? more[0]?.number ?? 0, lines: [...before, ...more] }
      if (isFull) pages.push(open)
      else pages[pages.length - 1] = open
    }
    this.#count += numbered.length
    this.#characters += charactersOf(numbered)
    this.#pages = this.#dropOldest(pages)
  }

  /** The gateway begins every connection with its newest lines; those that are known already are not told twice. */
  addAfterGap(lines: readonly LogLine[]): void {
    const pagesBack = Math.ceil(lines.length / PAGE_LINES) + 1
    const known = this.#pages.slice(-pagesBack).flatMap((page) => page.lines.map((line) => line.content))
    const overlap = Array.from({ length: lines.length }, (_, skipped) => lines.length - skipped).find(
      (length) => lines.slice(0, length).every((line, at) => known.at(at - length) === line.content),
    )
    this.add(lines.slice(overlap ?? 0))
  }

  clear(): void {
    this.#pages = []
    this.#count = 0
    this.#characters = 0
  }

  #dropOldest(pages: LogPage[]): LogPage[] {
    let dropped = 0
    while (this.#count > LINES || this.#characters > ALL_CHARACTERS) {
      const page = pages[dropped]
      if (!page || dropped === pages.length - 1) break
      this.#count -= page.lines.length
      this.#characters -= charactersOf(page.lines)
      dropped += 1
    }
    return dropped === 0 ? pages : pages.slice(dropped)
  }
}

function charactersOf(lines: readonly LogLine[]): number {
  return lines.reduce((sum, line) => sum + line.content.length, 0)
}

/** The lines of a message of `/ws`; none when it is of another kind. */
export function readLines(message: string): LogLine[] {
  let body: unknown
  try {
    body = JSON.parse(message)
  } catch {
    return []
  }
  if (!isRecord(body)) return []
  const lines =
    body.type === 'logs' && Array.isArray(body.lines) ? body.lines : body.type === 'log' ? [body] : []
  return lines.filter(isRecord).flatMap(({ content, is_error }) => {
    if (typeof content !== 'string') return []
    const shown = content.length > CHARACTERS ? `${content.slice(0, CHARACTERS)} …` : content
    return [{ content: plain(shown), is_error: is_error === true }]
  })
}

/** What a line says that the agent does, without its time and its turn: `READING : notes.md` becomes `reading notes.md`. */
export function stepOf(line: string): string {
  const bare = line
    .replace(/^[\d\-:.,TZ\s]+/, '')
    .replace(/^\[[^\]]*\]\s*/, '')
    .replace(/^(?:DEBUG|INFO|WARN(?:ING)?)\b[\s:]*/, '')
    .replace(/^[^\p{L}\p{N}"'/]+/u, '')
  const [, title, detail] = /^([A-Z][A-Z ]{2,40})(?:\s*:\s*(.*))?$/s.exec(bare) ?? []
  const step = title ? [title.trim().toLowerCase(), detail].filter(Boolean).join(' · ') : bare
  return step.length > 90 ? `${step.slice(0, 89)}…` : step
}
