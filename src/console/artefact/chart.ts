import { plain } from '../plain.ts'
import { isRecord } from '../said.ts'
import { isNumeric, numberOf, type Table } from './table.ts'

export const TYPES = ['bar', 'line', 'pie', 'doughnut', 'scatter', 'radar'] as const
export type ChartType = (typeof TYPES)[number]

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Series {
  readonly label: string
  readonly values: readonly (number | null)[]
  /** Only a scatter has points, and only points. */
  readonly points: readonly Point[]
  readonly filled: boolean
}

/** All that a chart may be told. Whatever else the agent wrote is not passed on, whatever it is. */
export interface Chart {
  readonly type: ChartType
  readonly title: string
  readonly labels: readonly string[]
  readonly series: readonly Series[]
  readonly isStacked: boolean
  readonly isSideways: boolean
  readonly fromZero: boolean
  readonly x: string
  readonly y: string
  /** What was left out, in words. */
  readonly note: string
}

export const MOST_POINTS = 5_000
export const MOST_SERIES = 12
const MOST_CHARS = 1_000_000
const LABEL_CHARS = 80

/** Reads Chart.js's JSON. Throws a sentence for a person when there is nothing in it to draw. */
export function readChart(text: string): Chart {
  if (text.length > MOST_CHARS) throw new Error('it is over 1 MB, too much for a chart')
  const spec = parsed(text)
  const type = TYPES.find((known) => known === spec.type)
  if (!type)
    throw new Error(`${quoted(spec.type)} is not a kind of chart that is known here: ${TYPES.join(', ')}`)
  const data = isRecord(spec.data) ? spec.data : spec
  const given = Array.isArray(data.datasets) ? data.datasets.filter(isRecord) : []
  if (given.length === 0) throw new Error('it has no datasets')
  const used = given.slice(0, MOST_SERIES)
  const each = Math.floor(MOST_POINTS / used.length)
  const series = used.map((set, at) => seriesOf(set, at, type, each))
  const longest = series.reduce((most, { values }) => Math.max(most, values.length), 0)
  if (longest === 0 && series.every(({ points }) => points.length === 0))
    throw new Error('its datasets hold no numbers')
  const options = isRecord(spec.options) ? spec.options : {}
  return {
    type,
    title: titleOf(options),
    labels: type === 'scatter' ? [] : labelsOf(data.labels, used[0], longest),
    series,
    isStacked: axis(options, 'x').stacked === true || axis(options, 'y').stacked === true,
    isSideways: options.indexAxis === 'y' && type === 'bar',
    fromZero: type === 'bar' || axis(options, 'y').beginAtZero === true,
    x: axisTitle(options, 'x'),
    y: axisTitle(options, 'y'),
    note: noteOf(given, used, each),
  }
}

function parsed(text: string): Record<string, unknown> {
  let spec: unknown
  try {
    spec = JSON.parse(text)
  } catch (error) {
    throw new Error(`it is not JSON: ${error instanceof Error ? error.message : ''}`)
  }
  if (!isRecord(spec)) throw new Error('it is not an object')
  return spec
}

function seriesOf(set: Record<string, unknown>, at: number, type: ChartType, most: number): Series {
  const data = (Array.isArray(set.data) ? set.data : []).slice(0, most)
  return {
    label: set.label === undefined ? `series ${at + 1}` : label(set.label),
    values: type === 'scatter' ? [] : data.map((it) => number(isRecord(it) ? it.y : it)),
    points: type === 'scatter' ? data.map(pointOf).filter((it) => it !== undefined) : [],
    filled: set.fill === true || set.fill === 'origin',
  }
}

function pointOf(it: unknown, at: number): Point | undefined {
  const [x, y] = isRecord(it) ? [number(it.x), number(it.y)] : [at, number(it)]
  return x == null || y === null ? undefined : { x, y }
}

function labelsOf(given: unknown, first: Record<string, unknown> | undefined, length: number): string[] {
  const data = Array.isArray(first?.data) ? first.data : []
  const labels: unknown[] = Array.isArray(given)
    ? given
    : data.map((it, at) => (isRecord(it) && 'x' in it ? it.x : at + 1))
  return Array.from({ length }, (_, at) => label(labels[at] ?? ''))
}

function noteOf(
  given: readonly Record<string, unknown>[],
  used: readonly Record<string, unknown>[],
  each: number,
): string {
  const notes: string[] = []
  if (used.length < given.length) notes.push(`the first ${used.length} of ${given.length} series`)
  const longest = used.reduce((most, { data }) => Math.max(most, Array.isArray(data) ? data.length : 0), 0)
  if (longest > each) notes.push(`the first ${each} of ${longest} points each`)
  return notes.join(', ')
}

function titleOf(options: Record<string, unknown>): string {
  const plugins = isRecord(options.plugins) ? options.plugins : {}
  const title = isRecord(plugins.title) ? plugins.title : options.title
  return label(isRecord(title) ? title.text : title)
}

function axis(options: Record<string, unknown>, name: 'x' | 'y'): Record<string, unknown> {
  const scales = isRecord(options.scales) ? options.scales : {}
  const found = scales[name]
  return isRecord(found) ? found : {}
}

function axisTitle(options: Record<string, unknown>, name: 'x' | 'y'): string {
  const { title } = axis(options, name)
  return label(isRecord(title) ? title.text : title)
}

function number(it: unknown): number | null {
  // Beyond this, steps of an axis are smaller than what a number can tell apart, and drawing it takes forever.
  if (typeof it === 'number') return Number.isFinite(it) && Math.abs(it) < 1e15 ? it : null
  return typeof it === 'string' ? (numberOf(it) ?? null) : null
}

function label(it: unknown): string {
  if (Array.isArray(it)) return label(it.join(' '))
  if (typeof it !== 'string' && typeof it !== 'number') return ''
  const text = plain(String(it).slice(0, LABEL_CHARS * 2)).trim()
  return text.length > LABEL_CHARS ? `${text.slice(0, LABEL_CHARS - 1)}…` : text
}

function quoted(it: unknown): string {
  return typeof it === 'string' ? `“${label(it)}”` : 'what it names'
}

const CHARTED_COLUMNS = 6
const MOST_BARS = 24

/** A table as a chart: its first column names, the numbers of the others draw. */
export function chartOf(table: Table): Chart | undefined {
  const columns = table.header.map((_, at) => at).filter((at) => at > 0 && isNumeric(table, at))
  if (columns.length === 0 || table.rows.length < 2) return undefined
  return {
    type: table.rows.length > MOST_BARS ? 'line' : 'bar',
    title: '',
    labels: table.rows.map((row) => label(row[0])),
    series: columns.slice(0, CHARTED_COLUMNS).map((at) => ({
      label: label(table.header[at]) || `column ${at + 1}`,
      values: table.rows.map((row) => numberOf(row[at] ?? '') ?? null),
      points: [],
      filled: false,
    })),
    isStacked: false,
    isSideways: false,
    fromZero: true,
    x: label(table.header[0]),
    y: '',
    note: columns.length > CHARTED_COLUMNS ? `the first ${CHARTED_COLUMNS} columns of numbers` : '',
  }
}

/** The same numbers for who cannot see them drawn. */
export function tableOf({ labels, series, type, x }: Chart): Table {
  const all = { moreRows: 0, moreColumns: 0 }
  if (type === 'scatter')
    return {
      ...all,
      header: ['series', 'x', 'y'],
      rows: series
        .flatMap((it) => it.points.map((point) => [it.label, String(point.x), String(point.y)]))
        .slice(0, 1_000),
    }
  return {
    ...all,
    header: [x || 'label', ...series.map((it) => it.label)],
    rows: labels
      .slice(0, 1_000)
      .map((name, at) => [name, ...series.map(({ values }) => String(values[at] ?? ''))]),
  }
}

export function inWords({ type, series, labels, title }: Chart): string {
  const count = Math.max(labels.length, ...series.map(({ points }) => points.length))
  const names = series.map((it) => it.label).join(', ')
  return `${type} chart${title ? ` “${title}”` : ''} of ${names}, ${count} ${count === 1 ? 'point' : 'points'}`
}
