import { plain } from '../plain.ts'

/** Rows as lists, never as records: a header called `__proto__` is a word like any other. */
export interface Table {
  readonly header: readonly string[]
  readonly rows: readonly (readonly string[])[]
  /** How many rows and columns there are beyond those. */
  readonly moreRows: number
  readonly moreColumns: number
}

export const MOST_ROWS = 1_000
export const MOST_COLUMNS = 50
const CELL_CHARS = 500

/** The beginning of a text of comma, semicolon or tab separated values; nothing, when it has no rows. */
export async function readTable(text: string): Promise<Table | undefined> {
  const { default: papa } = await import('papaparse')
  const { data } = papa.parse<unknown>(text.trim(), { preview: MOST_ROWS + 1, skipEmptyLines: 'greedy' })
  const read = data.filter((row): row is string[] => Array.isArray(row))
  const [first, ...rest] = read
  if (!first || first.every((cell) => cell.trim() === '')) return undefined
  const columns = read.reduce((most, row) => Math.max(most, row.length), 0)
  const width = Math.min(columns, MOST_COLUMNS)
  const square = (row: readonly string[]) => Array.from({ length: width }, (_, at) => cellOf(row[at] ?? ''))
  return {
    header: square(first),
    rows: rest.map(square),
    moreRows: rest.length < MOST_ROWS ? 0 : Math.max(0, linesIn(text) - 1 - MOST_ROWS),
    moreColumns: columns - width,
  }
}

function cellOf(written: string): string {
  const cell = plain(written.length > CELL_CHARS ? written.slice(0, CELL_CHARS) : written)
  return written.length > CELL_CHARS ? `${cell}…` : cell
}

function linesIn(text: string): number {
  return text.split('\n').filter((line) => line.trim() !== '').length
}

const NUMBER = /^[-+]?(?:\d+|\d{1,3}(?:,\d{3})+)?(?:\.\d+)?(?:e[-+]?\d{1,3})?$/i

export function numberOf(cell: string): number | undefined {
  const written = cell.trim().replace(/\s*%$/, '').replace('−', '-')
  if (!/\d/.test(written) || !NUMBER.test(written)) return undefined
  const value = Number(written.replaceAll(',', ''))
  return Number.isFinite(value) ? value : undefined
}

export interface Order {
  readonly column: number
  readonly down: boolean
}

const WORDS = new Intl.Collator(undefined, { numeric: true, sensitivity: 'base' })

/** Numbers by size, before words by alphabet; cells without anything come last, whichever way round. */
export function sorted(table: Table, { column, down }: Order): Table['rows'] {
  const sign = down ? -1 : 1
  return table.rows
    .map((row) => ({ row, cell: row[column] ?? '', value: numberOf(row[column] ?? '') }))
    .sort((a, b) => {
      const empty = Number(a.cell.trim() === '') - Number(b.cell.trim() === '')
      if (empty !== 0) return empty
      if (a.value !== undefined && b.value !== undefined) return sign * (a.value - b.value)
      if (a.value !== undefined) return -sign
      if (b.value !== undefined) return sign
      return sign * WORDS.compare(a.cell, b.cell)
    })
    .map(({ row }) => row)
}

/** Whether most of what is in a column are numbers, which are read from the right. */
export function isNumeric(table: Table, column: number): boolean {
  const filled = table.rows.map((row) => row[column] ?? '').filter((cell) => cell.trim() !== '')
  const numbers = filled.filter((cell) => numberOf(cell) !== undefined)
  return numbers.length > 0 && numbers.length >= filled.length * 0.8
}

const FORMULA = /^[=+\-@\t\r\0]/

/**
 * A text of cells that no spreadsheet takes for formulas. A plain number keeps its sign: it is what it says, and
 * with a quote before it, it would no longer be one.
 */
export async function guarded(text: string): Promise<string> {
  const { default: papa } = await import('papaparse')
  const { data, meta } = papa.parse<unknown>(text, { skipEmptyLines: 'greedy' })
  const rows = data.filter((row): row is string[] => Array.isArray(row))
  const written = (cell: string) => {
    const safe = FORMULA.test(cell) && numberOf(cell) === undefined ? `'${cell}` : cell
    return /["\r\n\t,;|]/.test(safe) || safe.includes(meta.delimiter) || safe !== safe.trim()
      ? `"${safe.replaceAll('"', '""')}"`
      : safe
  }
  return rows.map((row) => `${row.map(written).join(meta.delimiter)}\r\n`).join('')
}
