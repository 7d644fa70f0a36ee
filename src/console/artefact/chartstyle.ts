import type { ChartConfiguration, ChartDataset } from 'chart.js'
import type { Chart, Series } from './chart.ts'

const COLOURS = ['#22e6ff', '#ffb454', '#ff3dd2', '#8fa8ff', '#b8f4ff', '#ffd9a3', '#ff9ee8', '#a9b4c4']
const MARKS = ['circle', 'rectRot', 'triangle', 'rect', 'star', 'crossRot'] as const
const DASHES = [[], [6, 4], [2, 3], [10, 4, 2, 4]]
const GRID = 'rgb(255 255 255 / 7%)'
const SOFT = '#a9b4c4'
const MARKED_POINTS = 60

const colour = (at: number) => COLOURS[at % COLOURS.length] ?? SOFT
const thin = (hex: string, percent: number) =>
  `${hex}${Math.round(percent * 2.55)
    .toString(16)
    .padStart(2, '0')}`

/** A chart as Chart.js is told of it: drawn on a canvas, its words too, in the colours of this page. */
export function styled(chart: Chart, isStill: boolean): ChartConfiguration {
  const isRound = chart.type === 'pie' || chart.type === 'doughnut'
  return {
    type: chart.type,
    data: {
      labels: [...chart.labels],
      datasets: chart.series.map((series, at) => dataset(chart, series, at)),
    },
    options: {
      responsive: true,
      maintainAspectRatio: false,
      resizeDelay: 50,
      animation: isStill ? false : { duration: 180, easing: 'easeOutQuad' },
      indexAxis: chart.isSideways ? 'y' : 'x',
      color: SOFT,
      font: { family: '"Inter Variable", system-ui, sans-serif', size: 12 },
      layout: { padding: 4 },
      interaction: { mode: isRound || chart.type === 'scatter' ? 'nearest' : 'index', intersect: false },
      plugins: {
        legend: {
          display: isRound || chart.series.length > 1 || !!chart.series[0]?.label,
          position: isRound ? 'right' : 'top',
          align: isRound ? 'center' : 'end',
          labels: { color: SOFT, usePointStyle: true, boxHeight: 6, padding: 14 },
        },
        title: {
          display: chart.title !== '',
          text: chart.title,
          color: '#e8edf4',
          align: 'start',
          font: { size: 14, weight: 600 },
        },
        tooltip: {
          backgroundColor: '#111824',
          borderColor: 'rgb(255 255 255 / 14%)',
          borderWidth: 1,
          padding: 10,
          cornerRadius: 8,
          usePointStyle: true,
        },
      },
      ...(isRound ? {} : { scales: scales(chart) }),
    },
  }
}

function scales(chart: Chart) {
  const ticks = { color: SOFT, maxRotation: 40, autoSkipPadding: 12, backdropColor: 'transparent' }
  if (chart.type === 'radar')
    return {
      r: {
        grid: { color: GRID },
        angleLines: { color: GRID },
        pointLabels: { color: SOFT, font: { size: 12 } },
        ticks,
      },
    }
  const axis = (text: string, hasGrid: boolean, fromZero: boolean) => ({
    stacked: chart.isStacked,
    beginAtZero: fromZero,
    grid: { color: hasGrid ? GRID : 'transparent' },
    border: { color: 'rgb(255 255 255 / 14%)' },
    ticks,
    title: { display: text !== '', text, color: SOFT },
  })
  const isScatter = chart.type === 'scatter'
  return {
    x: axis(chart.x, chart.isSideways || isScatter, chart.isSideways && chart.fromZero),
    y: axis(chart.y, !chart.isSideways || isScatter, !chart.isSideways && chart.fromZero),
  }
}

/** Series differ by mark and dash too, for who cannot tell their colours apart. */
function dataset({ type }: Chart, series: Series, at: number): ChartDataset {
  const own = colour(at)
  const { label } = series
  switch (type) {
    case 'pie':
    case 'doughnut':
      return {
        type,
        label,
        data: series.values.map((value) => value ?? 0),
        backgroundColor: series.values.map((_, slice) => thin(colour(slice), 82)),
        borderColor: '#0b0f16',
        borderWidth: 2,
      }
    case 'scatter':
      return {
        type,
        label,
        data: [...series.points],
        backgroundColor: thin(own, 70),
        pointStyle: MARKS[at % MARKS.length] ?? 'circle',
        pointRadius: 4,
      }
    case 'bar':
      return {
        type,
        label,
        data: [...series.values],
        backgroundColor: thin(own, 72),
        hoverBackgroundColor: own,
        borderRadius: 4,
        maxBarThickness: 48,
      }
    case 'line':
    case 'radar':
      return {
        type,
        label,
        data: [...series.values],
        borderColor: own,
        backgroundColor: thin(own, type === 'radar' ? 14 : 12),
        fill: series.filled || type === 'radar',
        borderWidth: 2,
        borderDash: DASHES[at % DASHES.length] ?? [],
        pointStyle: MARKS[at % MARKS.length] ?? 'circle',
        pointRadius: series.values.length > MARKED_POINTS ? 0 : 3.5,
        pointBackgroundColor: own,
        tension: type === 'line' ? 0.25 : 0,
        spanGaps: false,
      }
  }
}
