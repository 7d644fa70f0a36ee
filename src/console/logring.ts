import type { LogLine } from '../protocol.ts'
import { plain } from './plain.ts'
import { isRecord } from './said.ts'

export interface NumberedLine extends LogLine {
  readonly number: number
}

const LINES = 500
const CHARACTERS = 4_000

/** The newest lines of the agent's log. */
export class LogRing {
  #lines: NumberedLine[] = []
  #next = 1

  get lines(): readonly NumberedLine[] {
    return this.#lines
  }

  add(lines: readonly LogLine[]): void {
    const numbered = lines.map(({ content, is_error }) => ({ number: this.#next++, content, is_error }))
    this.#lines = [...this.#lines, ...numbered].slice(-LINES)
  }

  /** The gateway begins every connection with its newest lines; those that are known already are not told twice. */
  addAfterGap(lines: readonly LogLine[]): void {
    const known = this.#lines.map((line) => line.content)
    const overlap = Array.from({ length: lines.length }, (_, skipped) => lines.length - skipped).find(
      (length) => lines.slice(0, length).every((line, at) => known.at(at - length) === line.content),
    )
    this.add(lines.slice(overlap ?? 0))
  }

  clear(): void {
    this.#lines = []
  }
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
