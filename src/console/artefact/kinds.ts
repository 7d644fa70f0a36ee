/** What a fenced block can be shown as, besides as code. */
export type Kind = 'mermaid' | 'csv' | 'chart' | 'html' | 'svg' | 'css' | 'js'

const KINDS: ReadonlyMap<string, Kind> = new Map([
  ['mermaid', 'mermaid'],
  ['mmd', 'mermaid'],
  ['csv', 'csv'],
  ['tsv', 'csv'],
  ['chart', 'chart'],
  ['chartjs', 'chart'],
  ['chart.js', 'chart'],
  ['html', 'html'],
  ['htm', 'html'],
  ['svg', 'svg'],
  ['css', 'css'],
  ['js', 'js'],
  ['javascript', 'js'],
  ['mjs', 'js'],
])

export function kindOf(language: string): Kind | undefined {
  return KINDS.get(language.toLowerCase())
}

/** Drawn by code that the agent wrote, or that reads what it wrote as a program: never without a person there. */
export function isRun(kind: Kind): boolean {
  return kind === 'html' || kind === 'css' || kind === 'js' || kind === 'mermaid'
}

/** What its button says before it runs. */
export const RUN_WORDS: Readonly<Partial<Record<Kind, string>>> = {
  html: 'run this page',
  css: 'show this style',
  js: 'run this code',
  mermaid: 'draw this diagram',
}

export const FILE_NAMES: Readonly<Record<Kind, string>> = {
  mermaid: 'diagram.svg',
  csv: 'table.csv',
  chart: 'chart.png',
  html: 'page.html',
  svg: 'drawing.svg',
  css: 'style.css',
  js: 'code.js',
}

const OF_ELSEWHERE = /\brequire\s*\(|\bprocess\.|\bmodule\.exports|^\s*(?:import|export)\s/m
const OF_THE_SAMPLE =
  /(?:^|[\s,}>+~])(?:\*|:root|html|body|main|h[1-3]|p|a|button|input|table|th|td|ul|li|blockquote|code)(?![\w-])\s*[,{:>.[]/m

/** Whether running it shows anything: a snippet for a server, or rules for elements that are not there, are for reading. */
export function isWorthRunning(kind: Kind, text: string): boolean {
  if (kind === 'js') return !OF_ELSEWHERE.test(text)
  if (kind === 'css') return OF_THE_SAMPLE.test(text)
  return true
}
