import { execFileSync } from 'node:child_process'
import { appendFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { cpus, release, tmpdir } from 'node:os'
import { join } from 'node:path'
import { Agent } from './agent.ts'
import { median, type Share } from './figures.ts'
import type { Start, Subject } from './subject.ts'

/** How a run of the benchmarks goes. */
export interface Plan {
  /** How often each subject is measured: medians are told. */
  readonly runs: number
  /** 1 as it is meant, less to see in a minute that all of it works. */
  readonly scale: number
  say(workload: string, row: string): void
}

export async function withDir<T>(act: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'ghost-bench-'))
  try {
    return await act(dir)
  } finally {
    await rm(dir, { recursive: true, force: true, maxRetries: 3 })
  }
}

/** A subject in front of an agent, both for as long as something is done with them. */
export async function standing<T>(
  start: Start,
  act: (subject: Subject, dir: string) => Promise<T>,
  env?: Readonly<Record<string, string>>,
): Promise<T> {
  return withDir(async (dir) => {
    const agent = await Agent.start()
    try {
      const subject = await start(dir, agent.port, env)
      try {
        return await act(subject, dir)
      } finally {
        await subject.stop()
      }
    } finally {
      agent.close()
    }
  })
}

export type Figures = Readonly<Record<string, number>>

/** Each subject in turn, so that whatever the machine does meanwhile meets all of them; of each figure the median. */
export async function inTurn(
  plan: Pick<Plan, 'runs'>,
  subjects: Readonly<Record<string, () => Promise<Figures>>>,
): Promise<Record<string, Figures>> {
  const all: Record<string, Figures[]> = {}
  for (let run = 0; run < plan.runs; run++)
    for (const [name, measure] of Object.entries(subjects)) {
      globalThis.gc?.()
      all[name] = [...(all[name] ?? []), await measure()]
    }
  return Object.fromEntries(
    Object.entries(all).map(([name, runs]) => [
      name,
      Object.fromEntries(
        Object.keys(runs[0] ?? {}).map((key) => [key, median(runs.map((it) => it[key] ?? Number.NaN))]),
      ),
    ]),
  )
}

/** The subjects beside each other, a row each. */
export async function beside(
  plan: Plan,
  workload: string,
  starts: Readonly<Record<string, Start>>,
  measure: (start: Start) => Promise<Figures>,
  row: (figures: Figures, all: Readonly<Record<string, Figures>>) => string,
): Promise<void> {
  const all = await inTurn(
    plan,
    Object.fromEntries(Object.entries(starts).map(([name, start]) => [name, () => measure(start)])),
  )
  for (const [name, figures] of Object.entries(all)) plan.say(workload, `${name}: ${row(figures, all)}`)
}

/** How many times as much as another subject. */
export const times = (figures: Figures, other: Figures | undefined, key: string): string =>
  fixed((figures[key] ?? Number.NaN) / (other?.[key] ?? Number.NaN))

export const fixed = (value: number | undefined, digits = 2): string =>
  value === undefined || Number.isNaN(value) ? '–' : value.toFixed(digits)

export const share = ({ load, foreign }: Share): Figures => ({ load: load * 100, foreign: foreign * 100 })

/** The CPU of the load and of programs that do not belong to it, in percent of one core. */
export const loads = (figures: Figures | undefined): string =>
  `load ${fixed(figures?.load, 0)} %, foreign ${fixed(figures?.foreign, 0)} %`

export function machine(): string {
  const commit = execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()
  const changed = execFileSync('git', ['status', '--porcelain', '--', 'src'], { encoding: 'utf8' }).trim()
  const day = new Date().toISOString().slice(0, 10)
  return `${day}, ${commit}${changed === '' ? '' : ' with changes'}, Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model ?? '?'}, Linux ${release().split('-')[0]}`
}

export function append(file: string, title: string, rows: readonly string[]): void {
  appendFileSync(
    file,
    `\n## ${title}\n\n| workload | result |\n|---|---|\n${rows.map((row) => `${row}\n`).join('')}`,
  )
}
