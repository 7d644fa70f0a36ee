export interface Curve {
  readonly title: string
  readonly x: string
  readonly y: string
  /** Each line by its name; both axes are logarithmic. */
  readonly lines: Readonly<Record<string, readonly (readonly [number, number])[]>>
}

const [WIDTH, HEIGHT] = [640, 360]
const ROOM = { left: 64, right: 20, top: 44, bottom: 52 }
/** Readable on white and on black. */
const INKS = ['#0891b2', '#c026d3', '#d97706', '#64748b']
const TEXT = '#7a8699'

const short = (value: number): string => {
  if (value >= 1e6) return `${value / 1e6} M`
  if (value >= 1e3) return `${value / 1e3} k`
  return `${Number(value.toPrecision(2))}`
}
const escaped = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')

/** Powers of ten around the values, and where a value lies between them, from 0 to 1. */
function scale(values: readonly number[]): { ticks: number[]; at(value: number): number } {
  const positive = values.filter((value) => value > 0)
  const low = Math.floor(Math.log10(Math.min(...positive)))
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...positive))))
  return {
    ticks: Array.from({ length: high - low + 1 }, (_, n) => 10 ** (low + n)),
    at: (value) => (Math.log10(Math.max(value, 10 ** low)) - low) / (high - low),
  }
}

/** A picture of curves, for a page that is read on white and on black. */
export function draw({ title, x, y, lines }: Curve): string {
  const points = Object.values(lines).flat()
  const across = scale(points.map(([value]) => value))
  const up = scale(points.map(([, value]) => value))
  const left = (value: number) => ROOM.left + across.at(value) * (WIDTH - ROOM.left - ROOM.right)
  const top = (value: number) => HEIGHT - ROOM.bottom - up.at(value) * (HEIGHT - ROOM.top - ROOM.bottom)
  const bottom = HEIGHT - ROOM.bottom
  const text = (words: string, at: string) => `<text ${at} fill="${TEXT}">${escaped(words)}</text>`
  const grid = [
    ...up.ticks.map((tick) => {
      const at = top(tick).toFixed(1)
      return `<path d="M${ROOM.left} ${at}H${WIDTH - ROOM.right}" stroke="${TEXT}" stroke-opacity=".25"/>${text(short(tick), `x="${ROOM.left - 8}" y="${Number(at) + 4}" text-anchor="end"`)}`
    }),
    ...across.ticks.map((tick) =>
      text(short(tick), `x="${left(tick).toFixed(1)}" y="${bottom + 18}" text-anchor="middle"`),
    ),
  ]
  const drawn = Object.entries(lines).map(([name, all], n) => {
    const ink = INKS[n % INKS.length]
    const path = all
      .map(([a, b], i) => `${i === 0 ? 'M' : 'L'}${left(a).toFixed(1)} ${top(b).toFixed(1)}`)
      .join('')
    const dots = all.map(
      ([a, b]) => `<circle cx="${left(a).toFixed(1)}" cy="${top(b).toFixed(1)}" r="3" fill="${ink}"/>`,
    )
    const key = `x="${WIDTH - ROOM.right}" y="${20 + 15 * n}" text-anchor="end" fill="${ink}"`
    return `<path d="${path}" fill="none" stroke="${ink}" stroke-width="2"/>${dots.join('')}<text ${key}>${escaped(name)}</text>`
  })
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="system-ui, sans-serif" font-size="12" role="img" aria-label="${escaped(title)}">
${text(title, `x="${ROOM.left}" y="22" font-size="14" font-weight="600"`)}
${text(y, `x="${ROOM.left}" y="37"`)}
${text(x, `x="${WIDTH - ROOM.right}" y="${HEIGHT - 14}" text-anchor="end"`)}
${grid.join('\n')}
${drawn.join('\n')}
</svg>
`
}
