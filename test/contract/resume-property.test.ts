import fc from 'fast-check'
import { expect, test } from 'vitest'
import { DONE, sse } from '../rig/answers.ts'
import { type Rig, type Stream, startRig } from '../rig/rig.ts'

/** Where the last whole event of what was read ends; a client that is cut off forgets the rest. */
const wholeEvents = (bytes: Buffer) => bytes.subarray(0, bytes.lastIndexOf('\n\n') + 2)
const lastId = (bytes: Buffer) => [...String(bytes).matchAll(/^id: (\d+)$/gm)].at(-1)?.[1]

/** Reads a task through any number of cuts, each after about so many bytes, and puts the parts together. */
async function patchwork(rig: Rig, first: Stream, cuts: readonly number[]): Promise<string> {
  let stream = first
  let kept = Buffer.alloc(0)
  const resume = () => {
    const id = lastId(kept)
    const headers: Record<string, string> = id === undefined ? {} : { 'last-event-id': id }
    return rig.stream(`/api/chat/resume/${first.taskId}`, { headers })
  }
  for (const cut of cuts) {
    const ended = await stream.atLeast(cut).then(
      () => false,
      () => true,
    )
    kept = Buffer.concat([kept, wholeEvents(stream.soFar())])
    if (ended) break
    stream.leave()
    stream = await resume()
  }
  kept = Buffer.concat([kept, await (await resume()).bytes()])
  return kept.toString('latin1')
}

const line = fc.string({ unit: 'grapheme', maxLength: 60 }).map((text) => text.replaceAll(/[\r\n]/g, ' '))
const event = fc.oneof(
  line.map((text) => `data: ${text}\n\n`),
  fc.tuple(line, line).map(([one, two]) => `event: step\ndata: ${one}\ndata: ${two}\n\n`),
  line.map((text) => `: ${text}\n\n`),
)

test('an answer that was cut and resumed any number of times is the one that was not', async () => {
  await using rig = await startRig()
  await fc.assert(
    fc.asyncProperty(
      fc.array(event, { minLength: 1, maxLength: 30 }),
      fc.array(fc.nat(30), { maxLength: 12 }),
      fc.array(fc.nat(400), { maxLength: 8 }),
      async (events, splits, cuts) => {
        const whole = Buffer.from(events.join('') + DONE)
        const places = [...new Set(splits.map((share) => Math.floor((share / 31) * whole.length)))].sort(
          (a, b) => a - b,
        )
        const parts = [0, ...places].map((start, n) => whole.subarray(start, places[n] ?? whole.length))
        rig.agent.play('POST /api/chat', sse(...parts))
        const uncut = await rig.chat()
        const cut = await rig.chat()
        const [one, two] = await Promise.all([uncut.bytes(), patchwork(rig, cut, cuts)])
        expect(two).toBe(one.toString('latin1'))
        expect(await patchwork(rig, await rig.resume(cut.taskId), cuts)).toBe(two)
      },
    ),
    { numRuns: 60 },
  )
})

test('an answer resumed at every number is the rest of the whole', async () => {
  await using rig = await startRig()
  const events = Array.from({ length: 120 }, (_, n) => `data: ${n} ${'é'.repeat(n)}\n\n`)
  rig.agent.play('POST /api/chat', sse(...events, DONE))
  const stream = await rig.chat()
  const whole = await stream.bytes()
  let at = 0
  for (let n = 0; n <= events.length; n += 1) {
    const rest = await (await rig.resume(stream.taskId, n)).bytes()
    expect(rest.equals(whole.subarray(at))).toBe(true)
    at = whole.indexOf('\n\n', at) + 2
  }
})
