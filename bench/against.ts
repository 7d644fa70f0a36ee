import { asked } from './requests.ts'
import { type Figures, fixed, inTurn, type Plan } from './rows.ts'
import { flood, replay, steady } from './streams.ts'
import { gateway, gatewayOf, type Start } from './subject.ts'
import { sent } from './uploads.ts'

const WORK: Readonly<Record<string, (start: Start, scale: number) => Promise<Figures>>> = {
  a: (start, scale) => flood(start, 200_000 * scale),
  b: (start, scale) => steady(start, { streams: 500, rate: 20, seconds: Math.max(4, 8 * scale) }),
  c: (start, scale) => asked(start, Math.max(1, 3 * scale)),
  d: (start, scale) => replay(start, 300_000 * scale),
  g: (start, scale) => sent(start, 100e6 * scale),
}

/** The built server beside that of another commit, in turn: every figure of both. */
export async function against(plan: Plan, main: string, only: string | undefined): Promise<void> {
  for (const [name, work] of Object.entries(WORK)) {
    if (only && !only.includes(name)) continue
    const { before, now } = await inTurn(plan, {
      before: () => work(gatewayOf(main), plan.scale),
      now: () => work(gateway, plan.scale),
    })
    const figures = Object.keys(now ?? {}).filter((key) => key !== 'heard')
    plan.say(name, figures.map((key) => `${key} ${fixed(before?.[key])} → ${fixed(now?.[key])}`).join(', '))
  }
}
