const DAY_MS = 86_400_000

export interface Day<Row> {
  readonly name: 'Today' | 'Yesterday' | 'Earlier'
  readonly rows: readonly Row[]
}

/** The same rows by the day they were last at work, in the person's own time zone. Days without any are left out. */
export function byDay<Row extends { readonly updatedAt: number }>(
  rows: readonly Row[],
  now: number,
): readonly Day<Row>[] {
  const today = new Date(now).setHours(0, 0, 0, 0)
  // A day is not always 24 hours long: half a day before midnight is yesterday in any case.
  const yesterday = new Date(today - DAY_MS / 2).setHours(0, 0, 0, 0)
  const named = (row: Row) =>
    row.updatedAt >= today ? 'Today' : row.updatedAt >= yesterday ? 'Yesterday' : 'Earlier'
  return (['Today', 'Yesterday', 'Earlier'] as const)
    .map((name) => ({ name, rows: rows.filter((row) => named(row) === name) }))
    .filter((day) => day.rows.length > 0)
}

const DATE = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' })
const YEAR = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' })

/** How long ago, as short as it can be said. */
export function ago(at: number, now: number): string {
  const minutes = Math.floor((now - at) / 60_000)
  if (minutes < 1) return 'now'
  if (minutes < 60) return `${minutes} min`
  if (minutes < 24 * 60) return `${Math.floor(minutes / 60)} h`
  const days = Math.floor(minutes / (24 * 60))
  if (days < 7) return days === 1 ? '1 day' : `${days} days`
  return new Date(at).getFullYear() === new Date(now).getFullYear() ? DATE.format(at) : YEAR.format(at)
}
