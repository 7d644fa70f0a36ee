import { describe, expect, test } from 'vitest'
import { Follow } from '../../src/console/follow.ts'
import { type AnswerRecord, newAnswer } from '../../src/console/record.ts'
import { HandClock, settled } from './clock.ts'
import { DONE, ScriptedGateway, words } from './gateway.ts'

function begin(shape: Partial<AnswerRecord> = {}, gateway = new ScriptedGateway()) {
  const clock = new HandClock()
  const record = { ...newAnswer('answer', 'key-1', clock.now()), ...shape }
  const links: string[] = []
  const kept: (number | null)[] = []
  const follow = new Follow(record, {
    exchange: gateway,
    clock,
    changed() {},
    keep: async () => void kept.push(record.sentAt),
    link: (link) => void links.push(link),
  })
  return { gateway, clock, record, follow, links, kept }
}

describe('a question that could not be sent', () => {
  test('waits without being put on the wire, and goes out once when somebody is there', async () => {
    const gateway = new ScriptedGateway()
    gateway.isDown = true
    const { clock, follow, record, links } = begin({}, gateway)
    await clock.pass(3_000_000)
    expect(gateway.asked).toEqual([])
    expect(record.sentAt).toBeNull()
    expect(links.at(-1)).toBe('waiting')
    gateway.isDown = false
    gateway.say(words('at last'), DONE)
    gateway.end()
    await clock.pass(20_000)
    expect(await follow.ended).toEqual({ kind: 'done' })
    expect(gateway.asked).toEqual(['key-1'])
    expect(gateway.runs).toBe(1)
  })

  test('notes that it is being sent before it is', async () => {
    const gateway = new ScriptedGateway()
    const { kept, clock } = begin({}, gateway)
    const ask = gateway.ask.bind(gateway)
    const before: unknown[] = []
    gateway.ask = (key, signal) => {
      before.push(...kept)
      return ask(key, signal)
    }
    await settled()
    expect(before).toEqual([clock.now()])
  })

  test('is not sent after an hour without being asked for', async () => {
    const gateway = new ScriptedGateway()
    gateway.isDown = true
    const { clock, follow } = begin({}, gateway)
    await clock.pass(3_620_000)
    gateway.isDown = false
    expect(await follow.ended).toMatchObject({ kind: 'interrupted', type: 'NotSent' })
    await clock.pass(60_000)
    expect(gateway.asked).toEqual([])
  })

  test('is not sent by a page that is opened after that hour', async () => {
    const { gateway, follow } = begin({ at: 1_000_000 - 3_601_000 })
    expect(await follow.ended).toMatchObject({ kind: 'interrupted', type: 'NotSent' })
    expect(gateway.knocks).toBe(0)
  })

  test('takes the page of a proxy for nobody', async () => {
    const gateway = new ScriptedGateway()
    gateway.refuses = () => new Response('<html>', { status: 502 })
    const { clock } = begin({}, gateway)
    await clock.pass(30_000)
    expect(gateway.knocks).toBeGreaterThan(2)
    expect(gateway.asked).toEqual([])
  })

  test('is not sent when it is stopped, not even by the try that is on its way', async () => {
    const gateway = new ScriptedGateway()
    let open: (answer: Response) => void = () => {}
    gateway.knock = () => new Promise((resolve) => (open = resolve))
    const { follow, clock } = begin({}, gateway)
    await settled()
    follow.stop()
    open(Response.json({ tasks: [] }))
    await clock.pass(1_000)
    expect(await follow.ended).toEqual({ kind: 'stopped' })
    expect(gateway.asked).toEqual([])
  })
})
