import {
  ArcElement,
  BarController,
  BarElement,
  Chart as Canvas,
  CategoryScale,
  DoughnutController,
  Filler,
  Legend,
  LinearScale,
  LineController,
  LineElement,
  PieController,
  PointElement,
  RadarController,
  RadialLinearScale,
  ScatterController,
  Title,
  Tooltip,
} from 'chart.js'
import { isStill } from '../motion.ts'
import type { Chart } from './chart.ts'
import { styled } from './chartstyle.ts'

Canvas.register(
  ArcElement,
  BarController,
  BarElement,
  CategoryScale,
  DoughnutController,
  Filler,
  Legend,
  LinearScale,
  LineController,
  LineElement,
  PieController,
  PointElement,
  RadarController,
  RadialLinearScale,
  ScatterController,
  Title,
  Tooltip,
)

/** Draws until the function it returns is called. */
export function drawChart(canvas: HTMLCanvasElement, chart: Chart): () => void {
  const drawn = new Canvas(canvas, styled(chart, isStill()))
  return () => drawn.destroy()
}

/** As a picture on the ground it is drawn for: its words are light. */
export async function pngOf(canvas: HTMLCanvasElement): Promise<Blob> {
  const sheet = document.createElement('canvas')
  sheet.width = canvas.width
  sheet.height = canvas.height
  const context = sheet.getContext('2d')
  if (!context) throw new Error('this browser draws no more pictures')
  context.fillStyle = '#0b0f16'
  context.fillRect(0, 0, sheet.width, sheet.height)
  context.drawImage(canvas, 0, 0)
  const { promise, resolve, reject } = Promise.withResolvers<Blob>()
  sheet.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('it did not become a picture'))))
  return promise
}
