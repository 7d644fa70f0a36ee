import { fileURLToPath } from 'node:url'
import { against } from './against.ts'
import { curves } from './growth.ts'
import { silence } from './idle.ts'
import { journal } from './journal.ts'
import { logFanOut } from './logs.ts'
import { chromiumPage } from './page.ts'
import { requests } from './requests.ts'
import { append, machine, type Plan } from './rows.ts'
import { several, stores } from './several.ts'
import { soak } from './soak.ts'
import { coldStart } from './start.ts'
import { again, fullSpeed, tenThousand } from './streams.ts'
import { uploads } from './uploads.ts'

const RESULTS = fileURLToPath(new URL('../../bench/results.md', import.meta.url))

const WORKLOADS: Readonly<Record<string, (plan: Plan) => Promise<void>>> = {
  i: journal,
  a: fullSpeed,
  b: tenThousand,
  c: requests,
  d: again,
  e: silence,
  f: logFanOut,
  g: uploads,
  j: coldStart,
  k: chromiumPage,
  l: stores,
  m: several,
}

const flag = (name: string) => process.argv.find((it) => it.startsWith(`--${name}`))
const only = flag('only=')?.slice('--only='.length)
const isQuick = flag('quick') !== undefined
const rows: string[] = []
const plan: Plan = {
  runs: Number(flag('runs=')?.slice('--runs='.length) ?? (isQuick ? 1 : 5)),
  scale: isQuick ? 0.2 : 1,
  say(workload, row) {
    console.log(`${workload}  ${row}`)
    rows.push(`| ${workload} | ${row} |`)
  },
}

const minutes = flag('soak=')?.slice('--soak='.length)
let isFine = true
if (minutes !== undefined) isFine = await soak(plan, Number(minutes))
else if (flag('against=')) await against(plan, flag('against=')?.slice('--against='.length) ?? '', only)
else if (flag('curves')) await curves(plan, flag('curves=')?.slice('--curves='.length))
else
  for (const [name, measure] of Object.entries(WORKLOADS))
    if (!only || only.includes(name)) await measure(plan)

const title = `${machine()}${isQuick ? ', quick' : ''}`
console.log(`\n${title}`)
if (flag('keep')) append(RESULTS, title, rows)
// A subject's sockets may still be closing.
process.exit(isFine ? 0 : 1)
