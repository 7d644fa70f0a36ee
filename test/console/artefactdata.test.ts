import { describe, expect, test } from 'vitest'
import { chartOf, MOST_POINTS, MOST_SERIES, readChart, tableOf } from '../../src/console/artefact/chart.ts'
import { guarded, MOST_ROWS, readTable, sorted } from '../../src/console/artefact/table.ts'

describe('a table', () => {
  test('A95: has headers that are words, whatever they are elsewhere', async () => {
    const table = await readTable('__proto__,constructor\npolluted,1\n')
    expect(table?.header).toEqual(['__proto__', 'constructor'])
    expect(table?.rows).toEqual([['polluted', '1']])
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  test('is its first rows, and says how many there are', async () => {
    const table = await readTable(`n\n${Array.from({ length: 2_500 }, (_, at) => at).join('\n')}`)
    expect([table?.rows.length, table?.moreRows]).toEqual([MOST_ROWS, 1_500])
  })

  test('A95: of a million rows is read no further than it is shown', async () => {
    const table = await readTable(`n\n${'1\n'.repeat(1_000_000)}`)
    expect([table?.rows.length, table?.moreRows]).toEqual([MOST_ROWS, 999_000])
  })

  test('A95: keeps a cell of megabytes to what can be read', async () => {
    const table = await readTable(`a,b\n${'x'.repeat(5_000_000)},2\n`)
    expect(table?.rows[0]?.[0]?.length).toBeLessThan(600)
    expect(table?.rows[0]?.[1]).toBe('2')
  })

  test('is as wide as its widest row, up to a limit', async () => {
    const table = await readTable(`a\n1,2\n${'x,'.repeat(99)}x`)
    expect([table?.header.length, table?.moreColumns]).toEqual([50, 50])
  })

  test('shows characters that hide or reorder others', async () => {
    expect((await readTable('a\nx\u202ey'))?.rows).toEqual([['x⟨U+202E⟩y']])
  })

  test.each(['', '\n\n', ' '])('is none without rows: %j', async (text) => {
    expect(await readTable(text)).toBeUndefined()
  })

  test('sorts numbers by size, words by alphabet, and nothing to the end', async () => {
    const table = await readTable('n\n10\n9\n\n"1,000"\nb\na\n-3\n""')
    expect(table && sorted(table, { column: 0, down: false }).flat()).toEqual([
      '-3',
      '9',
      '10',
      '1,000',
      'a',
      'b',
    ])
    expect(table && sorted(table, { column: 0, down: true }).flat()[0]).toBe('b')
  })

  test.each([
    ['=HYPERLINK("//evil")', `"'=HYPERLINK(""//evil"")"`],
    ['=1+1', "'=1+1"],
    ["=cmd|'/c calc'!A0", `"'=cmd|'/c calc'!A0"`],
    ['+cmd', "'+cmd"],
    ['-cmd', "'-cmd"],
    ['@SUM(A1)', "'@SUM(A1)"],
    ['-5', '-5'],
    ['+3.5e2', '+3.5e2'],
    ['-', "'-"],
    ['a=b', 'a=b'],
  ])('A95: is saved without formulas: %s', async (cell, saved) => {
    const quoted = /[",]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell
    expect(await guarded(`h,k\n${quoted},1\n`)).toBe(`h,k\r\n${saved},1\r\n`)
  })

  test.each(['\t=1', '\r=1', '\0=1'])('A95: is saved without a formula behind %j', async (cell) => {
    expect(await guarded(`h,k\n"${cell}",1\n`)).toContain(`'${cell}`)
  })

  test('of numbers is a chart too, and of words is none', async () => {
    const numbers = await readTable('month,answers,who\njan,120,a\nfeb,"1,180",b\n')
    expect(numbers && chartOf(numbers)).toMatchObject({
      type: 'bar',
      labels: ['jan', 'feb'],
      series: [{ label: 'answers', values: [120, 1180] }],
    })
    const words = await readTable('a,b\nx,y\nz,w\n')
    expect(words && chartOf(words)).toBeUndefined()
  })
})

describe('a chart', () => {
  const spec = (more: object) =>
    JSON.stringify({ type: 'bar', data: { labels: ['a'], datasets: [{ data: [1] }] }, ...more })

  test('A96: is told nothing but what it may be told', () => {
    const hostile = spec({
      options: {
        plugins: {
          title: { text: '<img src=x onerror=alert(1)>' },
          tooltip: { callbacks: { label: 'alert(1)' }, external: 'x' },
        },
        onClick: 'function(){alert(1)}',
        __proto__: { polluted: true },
        constructor: { prototype: { polluted: true } },
      },
    }).replace('"onClick"', '"__proto__":{"polluted":true},"onClick"')
    const chart = readChart(hostile)
    expect(Object.keys(chart).sort()).toEqual(
      ['fromZero', 'isSideways', 'isStacked', 'labels', 'note', 'series', 'title', 'type', 'x', 'y'].sort(),
    )
    expect(chart.title).toBe('<img src=x onerror=alert(1)>')
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  test.each([
    ['no JSON', '{', 'not JSON'],
    ['a function', '{"type":"bar","data":function(){}}', 'not JSON'],
    ['a list', '[]', 'not an object'],
    ['another type', '{"type":"treemap"}', '“treemap” is not a kind'],
    ['the type of an object', '{"type":"constructor"}', 'is not a kind'],
    ['no type', '{}', 'is not a kind'],
    ['no datasets', '{"type":"bar","data":{"datasets":{}}}', 'no datasets'],
    ['no numbers', '{"type":"bar","data":{"datasets":[{"data":"1"}]}}', 'no numbers'],
    ['too much', `{"type":"bar","x":"${'x'.repeat(1_000_001)}"}`, 'over 1 MB'],
  ])('of %s is refused in a sentence', (_, text, words) => {
    expect(() => readChart(text)).toThrow(words)
  })

  test('of values that are no numbers has gaps', () => {
    const text = '{"type":"line","data":{"datasets":[{"data":[1,"2",null,"x",{"y":3},1e999,1e300,[],true]}]}}'
    expect(readChart(text).series[0]?.values).toEqual([1, 2, null, null, 3, null, null, null, null])
  })

  test('A96: is no larger than can be drawn, and says what is left out', () => {
    const data = Array.from({ length: 20_000 }, (_, at) => at % 10)
    const datasets = Array.from({ length: 20 }, () => ({ data }))
    const chart = readChart(JSON.stringify({ type: 'line', data: { datasets } }))
    expect(chart.series.length).toBe(MOST_SERIES)
    expect(chart.series.reduce((sum, { values }) => sum + values.length, 0)).toBeLessThanOrEqual(MOST_POINTS)
    expect(chart.note).toBe('the first 12 of 20 series, the first 416 of 20000 points each')
  })

  test('has the labels it needs, short and visible', () => {
    const labels = ['x'.repeat(500), 'a\u202eb', { evil: 1 }]
    const chart = readChart(
      JSON.stringify({ type: 'pie', data: { labels, datasets: [{ data: [1, 2, 3, 4] }] } }),
    )
    expect(chart.labels.map((it) => it.length)).toEqual([80, 10, 0, 0])
  })

  test('can be read as a table', () => {
    const text = '{"type":"scatter","data":{"datasets":[{"label":"s","data":[{"x":1,"y":2},{"x":"no"}]}]}}'
    expect(tableOf(readChart(text)).rows).toEqual([['s', '1', '2']])
  })
})
