import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { residentBytes } from './figures.ts'
import { type Figures, fixed, inTurn, type Plan, standing } from './rows.ts'
import { gateway, nginx, probe, type Start } from './subject.ts'

async function bare(): Promise<Figures> {
  const began = performance.now()
  await once(spawn(process.execPath, ['-e', '0'], { stdio: 'ignore' }), 'exit')
  return { ms: performance.now() - began }
}

/** j. From the spawn to the first answer. */
async function answered(start: Start): Promise<Figures> {
  const began = performance.now()
  return standing(start, async ({ port, pids }) => {
    const response = await fetch(`http://127.0.0.1:${port}/healthz`)
    await response.arrayBuffer()
    return { ms: performance.now() - began, resident: residentBytes(pids) / 1e6 }
  })
}

export async function coldStart(plan: Plan): Promise<void> {
  const of = (start: Start) => () => answered(start)
  await answered(gateway)
  const runs = Math.max(plan.runs, plan.scale < 1 ? 3 : 11)
  const all = await inTurn(
    { ...plan, runs },
    { 'node -e 0': bare, nginx: of(nginx), probe: of(probe), gateway: of(gateway) },
  )
  for (const [name, it] of Object.entries(all))
    plan.say(
      'j',
      `from spawn to the first answer, ${name}: ${fixed(it.ms, 0)} ms (${fixed((it.ms ?? 0) / (all['node -e 0']?.ms ?? 1))}x node -e 0, ${fixed((it.ms ?? 0) / (all.probe?.ms ?? 1))}x probe)${it.resident === undefined ? '' : `, ${fixed(it.resident, 0)} MB resident`}`,
    )
}
