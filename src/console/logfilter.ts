import { LEVELS, type Level, levelOf } from './logclass.ts'
import type { LogPage, NumberedLine } from './logring.ts'

export interface LogFilter {
  readonly text: string
  /** This and everything worse. */
  readonly level: Level
}

export const EVERYTHING: LogFilter = { text: '', level: 'debug' }

/** Shows pages through a filter. What a page gave is known until the page or the filter changes. */
export class FilteredLog {
  readonly filter: LogFilter
  readonly #needle: string
  readonly #known = new WeakMap<LogPage, LogPage>()

  constructor(filter: LogFilter) {
    this.filter = filter
    this.#needle = filter.text.trim().toLowerCase()
  }

  pages(all: readonly LogPage[]): readonly LogPage[] {
    if (this.#needle === '' && this.filter.level === 'debug') return all
    return all.map((page) => this.#page(page)).filter((page) => page.lines.length > 0)
  }

  #page(page: LogPage): LogPage {
    const known = this.#known.get(page)
    if (known) return known
    const seen = { number: page.number, lines: page.lines.filter((line) => this.#shows(line)) }
    this.#known.set(page, seen)
    return seen
  }

  #shows({ content, is_error }: NumberedLine): boolean {
    const { level } = this.filter
    if (level !== 'debug' && LEVELS.indexOf(levelOf(content, is_error)) < LEVELS.indexOf(level)) return false
    return content.toLowerCase().includes(this.#needle)
  }
}

export function textOf(pages: readonly LogPage[]): string {
  return pages.flatMap((page) => page.lines.map((line) => line.content)).join('\n')
}
