import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** A file of the checkout, by its path from the root. */
export const read = (path: string): string => readFileSync(join(ROOT, path), 'utf8')

/** Every page of the documentation, by its path from the root. */
export const PAGES: readonly string[] = [
  ...readdirSync(ROOT).filter((name) => name.endsWith('.md')),
  ...readdirSync(join(ROOT, 'docs'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name.replaceAll('\\', '/')}`),
]

export type Row = Readonly<Record<string, string>>

/**
 * The rows of the table whose head has exactly these cells, each by the name of its column.
 * @throws when the page has no such table, or more than one
 */
export function table(page: string, ...head: readonly string[]): Row[] {
  const lines = read(page).split('\n')
  const heads = lines.flatMap((line, at) => (cells(line).join('|') === head.join('|') ? [at] : []))
  const [at] = heads
  if (at === undefined || heads.length > 1)
    throw new Error(`${page} has ${heads.length} tables with the head ${head.join(' | ')}`)
  const rows: Row[] = []
  for (const line of lines.slice(at + 2)) {
    if (!line.startsWith('|')) break
    const given = cells(line)
    if (given.length !== head.length) throw new Error(`${page}: a row of ${given.length} cells: ${line}`)
    rows.push(Object.fromEntries(head.map((name, i) => [name, given[i] ?? ''])))
  }
  return rows
}

function cells(line: string): string[] {
  if (!line.startsWith('|')) return []
  return line
    .trim()
    .slice(1, -1)
    .split('|')
    .map((cell) => cell.trim())
}

/** What stands between backticks. */
export const codes = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)

export function code(text: string): string {
  const [only, ...more] = codes(text)
  if (only === undefined || more.length > 0) throw new Error(`not one name in backticks: ${text}`)
  return only
}
