import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Agent, MARK, STAMP_DIGITS } from '../../bench/agent.ts'
import { chatRequest, delays, hear } from '../../bench/client.ts'
import { median, quantile } from '../../bench/figures.ts'
import { draw } from '../../bench/svg.ts'

let agent: Agent
beforeAll(async () => {
  agent = await Agent.start()
})
afterAll(() => agent.close())

describe('the load', () => {
  test.each([
    [1, 160],
    [5_000, 160],
    [300, 50],
    [3, 1_000_000],
  ])('hears %i events of %i bytes as so many bytes', async (events, size) => {
    let text = ''
    const onData = (bytes: Buffer) => {
      text += bytes.toString('latin1')
    }
    const { bytes } = await hear(chatRequest({ events, size }), { port: agent.port, onData })
    expect(bytes).toBe(events * size)
    expect(text.split('\n\n').length - 1).toBe(events)
  })

  test('hears an answer that is counted', async () => {
    const { bytes } = await hear(chatRequest({}, false), { port: agent.port })
    expect(bytes).toBeGreaterThan(100)
  })

  test('sends at the rate that was asked for, and says of each event when it was sent', async () => {
    const took: number[] = []
    const onData = delays((ms) => void took.push(ms))
    const { ms } = await hear(chatRequest({ events: 20, rate: 40 }), { port: agent.port, onData })
    expect(took).toHaveLength(20)
    expect(Math.min(...took)).toBeGreaterThanOrEqual(0)
    expect(ms).toBeGreaterThan(400)
  })

  test('finds every stamp, wherever a read ends', () => {
    const event = (stamp: string) => `id: 1\n${MARK}${stamp.padEnd(STAMP_DIGITS)},"x":"ddd"}\n\n`
    const bytes = Buffer.from(event('1') + event('2') + event('3'))
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      let found = 0
      const see = delays(() => {
        found += 1
      })
      see(bytes.subarray(0, cut))
      see(bytes.subarray(cut))
      expect(found).toBe(3)
    }
  })
})

describe('the figures', () => {
  test('are medians and quantiles of what was measured', () => {
    expect(median([5, 1, 3])).toBe(3)
    expect(quantile([1, 2, 3, 4], 0)).toBe(1)
    expect(quantile([1, 2, 3, 4], 1)).toBe(4)
  })

  test('are drawn with every point of every line', () => {
    const svg = draw({
      title: 'a < b',
      x: 'x',
      y: 'y',
      lines: {
        one: [
          [1, 10],
          [100, 0.5],
        ],
        two: [[10, 3]],
      },
    })
    expect(svg.match(/<circle /g)).toHaveLength(3)
    expect(svg).toContain('a &lt; b')
    expect(svg).not.toMatch(/NaN|Infinity|undefined/)
  })
})
