import { describe, expect, test } from 'vitest'
import { Follow, type FollowOptions } from '../../src/console/follow.ts'
import { type AnswerRecord, newAnswer } from '../../src/console/record.ts'
import { HandClock, settled } from './clock.ts'
import { DONE, ScriptedGateway, words } from './gateway.ts'

interface World {
  readonly clock: HandClock
  readonly gateway: ScriptedGateway
  readonly record: AnswerRecord
  readonly follow: Follow
  readonly links: string[]
}

function begin(
  shape: Partial<AnswerRecord> = {},
  options: Partial<FollowOptions> = {},
  gateway = new ScriptedGateway(),
): World {
  const clock = new HandClock()
  const links: string[] = []
  const record = { ...newAnswer('answer', 'key-1', clock.now()), sentAt: clock.now(), ...shape }
  const follow = new Follow(record, {
    exchange: gateway,
    clock,
    changed: () => {},
    keep: async () => {},
    link: (link) => void links.push(link),
    ...options,
  })
  return { clock, gateway, record, follow, links }
}

describe('an answer that is lost on the way', () => {
  test('F66: goes on where it was when the connection breaks', async () => {
    const { clock, gateway, record, follow } = begin()
    await settled()
    gateway.say(words('one '), words('two '))
    await settled()
    gateway.cut()
    gateway.say(words('three'), DONE)
    gateway.end()
    await clock.pass(1_000)
    expect(await follow.ended).toEqual({ kind: 'done' })
    expect(record.said.content).toBe('one two three')
    expect(gateway.resumed).toEqual([2])
    expect(gateway.runs).toBe(1)
  })

  test('F66: applies a chunk that comes twice once', async () => {
    const { clock, gateway, record, follow } = begin()
    await settled()
    gateway.say(words('one '), words('two '))
    await settled()
    gateway.repeats = 2
    gateway.cut()
    gateway.say(words('three'), DONE)
    gateway.end()
    await clock.pass(1_000)
    await follow.ended
    expect(record.said.content).toBe('one two three')
  })

  test('does not take half a chunk, and takes it whole after the break', async () => {
    const { clock, gateway, record, follow } = begin()
    await settled()
    gateway.send(`id: 0\n${words('whole')}\n`)
    await settled()
    expect(record.said.content).toBe('')
    gateway.cut()
    gateway.say(words('whole'), DONE)
    gateway.end()
    await clock.pass(1_000)
    await follow.ended
    expect(record.said.content).toBe('whole')
  })

  test('asks for a chunk again that was left out, rather than going on without it', async () => {
    const { clock, gateway, record, follow } = begin()
    await settled()
    gateway.say(words('one '))
    gateway.send(`id: 2\n${words('three')}\n\n`)
    await clock.pass(0)
    gateway.say(words('two '), words('three'), DONE)
    gateway.end()
    await clock.pass(1_000)
    await follow.ended
    expect(record.said.content).toBe('one two three')
  })

  test('hears an answer without numbers again from its start, and shows it once', async () => {
    const { clock, gateway, record, follow } = begin()
    gateway.isNumbered = false
    await settled()
    gateway.say(`${words('one ')}\n\n`)
    await settled()
    expect(record.said.content).toBe('one ')
    gateway.cut()
    gateway.say(`${words('two')}\n\n`, `${DONE}\n\n`)
    gateway.end()
    await clock.pass(1_000)
    await follow.ended
    expect(record.said.content).toBe('one two')
  })

  test('asks again under the same key when the first answer never came, and the agent runs once', async () => {
    const gateway = new ScriptedGateway()
    gateway.losesAnswers = true
    const { clock, record, follow } = begin({}, {}, gateway)
    await clock.pass(600)
    gateway.losesAnswers = false
    gateway.say(words('once'), DONE)
    gateway.end()
    await clock.pass(20_000)
    expect(await follow.ended).toEqual({ kind: 'done' })
    expect(record.said.content).toBe('once')
    expect(new Set(gateway.asked)).toEqual(new Set(['key-1']))
    expect(gateway.asked.length).toBeGreaterThan(1)
    expect(gateway.runs).toBe(1)
  })

  test('does not ask again under a key that the gateway may have forgotten', async () => {
    const clock = new HandClock()
    const { gateway, follow } = begin({ sentAt: clock.now() - 301_000 })
    expect(await follow.ended).toMatchObject({ kind: 'interrupted', type: 'NotDelivered' })
    expect(gateway.asked).toEqual([])
  })

  test('goes on after a reload from the stored number', async () => {
    const gateway = new ScriptedGateway()
    gateway.say(words('one '), words('two '), words('three'), DONE)
    gateway.end()
    const said = newAnswer('x', 'x', 0).said
    const shape = { task: 'task-1', next: 2, numbered: true, said: { ...said, content: 'one two ' } }
    const { record, follow } = begin(shape, {}, gateway)
    await follow.ended
    expect(record.said.content).toBe('one two three')
    expect(gateway.resumed).toEqual([2])
    expect(gateway.asked).toEqual([])
  })

  test('keeps the name of the task before the first byte', async () => {
    const kept: (string | null)[] = []
    const now = new HandClock().now()
    const record = { ...newAnswer('answer', 'key-1', now), sentAt: now }
    const gateway = new ScriptedGateway()
    const keep = async () => void kept.push(record.task)
    const follow = new Follow(record, {
      exchange: gateway,
      clock: new HandClock(),
      changed: () => expect(kept).toEqual(['task-1']),
      keep,
      link: () => {},
    })
    await settled()
    expect(kept).toEqual(['task-1'])
    expect(record.next).toBe(0)
    gateway.say(DONE)
    gateway.end()
    await follow.ended
  })
})

describe('a connection that has died without saying so', () => {
  test('F66: is given up after 35 s without a byte', async () => {
    const { clock, gateway } = begin()
    await settled()
    await clock.pass(34_900)
    expect(gateway.resumed).toEqual([])
    await clock.pass(1_000)
    expect(gateway.resumed).toEqual([0])
  })

  test('is not given up while pings come', async () => {
    const { clock, gateway } = begin()
    await settled()
    for (let times = 0; times < 10; times += 1) {
      await clock.pass(15_000)
      gateway.send(': ping\n\n')
      await settled()
    }
    expect(gateway.resumed).toEqual([])
    expect(gateway.connections).toBe(1)
  })

  test('F66: is given up at once when the network comes back, by one new connection however many events tell of it', async () => {
    const { clock, gateway, follow } = begin()
    await settled()
    await clock.pass(5_000)
    follow.nudge('online')
    follow.nudge('visible')
    follow.nudge('online')
    await clock.pass(100)
    follow.nudge('online')
    await clock.pass(100)
    expect(gateway.resumed).toEqual([0])
    expect(gateway.connections).toBe(1)
  })

  test('is left alone when the page is looked at again and a byte came just now', async () => {
    const { clock, gateway, follow } = begin()
    await settled()
    await clock.pass(5_000)
    follow.nudge('visible')
    await settled()
    expect(gateway.resumed).toEqual([])
  })

  test('waits longer each time, at most 15 s, and a look at the page ends the waiting', async () => {
    const gateway = new ScriptedGateway()
    gateway.isDown = true
    const { clock, follow } = begin({}, {}, gateway)
    await clock.pass(110_000)
    const tries = gateway.asked.length
    expect(tries).toBeGreaterThan(8)
    expect(tries).toBeLessThan(16)
    await clock.pass(1_000)
    expect(gateway.asked).toHaveLength(tries)
    follow.nudge('visible')
    await settled()
    expect(gateway.asked).toHaveLength(tries + 1)
  })
})
