import { describe, expect, test } from 'vitest'
import { Follow } from '../../src/console/follow.ts'
import { newAnswer } from '../../src/console/record.ts'
import { HandClock, settled } from './clock.ts'
import { DONE, ScriptedGateway, words } from './gateway.ts'

function begin(gateway = new ScriptedGateway()) {
  const clock = new HandClock()
  const record = { ...newAnswer('answer', 'key-1', clock.now()), sentAt: clock.now() }
  const follow = new Follow(record, { exchange: gateway, clock, changed() {}, async keep() {}, link() {} })
  return { gateway, clock, record, follow }
}

const error = (type: string, message: string) =>
  `event: error\ndata: ${JSON.stringify({ error: { message, type } })}\n\n`
const finish = (reason: string) => `data: {"choices":[{"delta":{},"finish_reason":"${reason}"}]}`

describe('how an answer ended', () => {
  test.each([
    ['with [DONE]: done', [words('a'), DONE], '', { kind: 'done' }],
    ['with a reason and no [DONE]: done', [words('a'), finish('stop')], '', { kind: 'done' }],
    ['with neither: incomplete', [words('a')], '', { kind: 'incomplete' }],
    [
      'with a cap exceeded: truncated',
      [words('a')],
      error('BufferCapExceeded', 'full'),
      { kind: 'truncated', message: 'full' },
    ],
    [
      'with a failure of the agent: failed',
      [words('a')],
      error('UpstreamError', 'it broke'),
      { kind: 'failed', message: 'it broke' },
    ],
    [
      'with a restart of the gateway: interrupted',
      [words('a')],
      error('Interrupted', 'restart'),
      { kind: 'interrupted' },
    ],
    ['with the gateway’s word for it: stopped', [words('a')], ': cancelled\n\n', { kind: 'stopped' }],
  ])('%s', async (_, chunks, ending, expected) => {
    const { gateway, follow, record } = begin()
    await settled()
    gateway.say(...chunks)
    gateway.end('done', ending)
    expect(await follow.ended).toMatchObject(expected)
    expect(record.said.content).toBe('a')
  })

  test('an agent that says "cancelled" itself has not been stopped', async () => {
    const { gateway, follow } = begin()
    await settled()
    gateway.say(words('a'), ': cancelled', DONE)
    gateway.end()
    expect(await follow.ended).toEqual({ kind: 'done' })
  })

  test('an end that only looks like one is not believed while the gateway says that the answer runs', async () => {
    const { gateway, clock, follow, record } = begin()
    await settled()
    gateway.say(words('one '), finish('tool_calls'))
    await settled()
    gateway.close()
    await clock.pass(0)
    gateway.say(words('two'), DONE)
    gateway.end()
    await clock.pass(1_000)
    expect(await follow.ended).toEqual({ kind: 'done' })
    expect(record.said.content).toBe('one two')
  })

  test('a forgotten answer keeps what was heard and says that the rest is gone', async () => {
    const { gateway, clock, follow, record } = begin()
    await settled()
    gateway.say(words('half'))
    await settled()
    gateway.refuses = () => Response.json({ error: 'unknown', code: 'task_not_found' }, { status: 404 })
    gateway.cut()
    await clock.pass(1_000)
    expect(await follow.ended).toMatchObject({ kind: 'interrupted', type: 'Forgotten' })
    expect(record.said.content).toBe('half')
  })

  test.each([
    [401, { error: 'no', code: 'unauthorized' }, 'the gateway refused the key'],
    [413, { error: 'more than 500 messages', code: 'too_many_messages' }, 'more than 500 messages'],
    [503, { error: 'all places are taken', code: 'at_capacity' }, 'all places are taken'],
    [400, 'plain text', 'the gateway answered 400'],
  ])('a refusal with %i fails and says why', async (status, body, message) => {
    const gateway = new ScriptedGateway()
    gateway.refuses = () => Response.json(body, { status })
    expect(await begin(gateway).follow.ended).toMatchObject({ kind: 'failed', message })
  })

  test('an error page of a proxy on the way is no answer: the question is asked again', async () => {
    const gateway = new ScriptedGateway()
    gateway.refuses = () => new Response('<html>Bad Gateway</html>', { status: 502 })
    const { clock, follow } = begin(gateway)
    await clock.pass(0)
    gateway.refuses = undefined
    gateway.say(words('there'), DONE)
    gateway.end()
    await clock.pass(1_000)
    expect(await follow.ended).toEqual({ kind: 'done' })
  })
})

describe('stopping', () => {
  test('tells the gateway, takes the last words and ends as stopped', async () => {
    const { gateway, follow, record } = begin()
    await settled()
    gateway.say(words('a'))
    await settled()
    follow.stop()
    follow.stop()
    await settled()
    gateway.say(words('b'))
    gateway.end('cancelled', ': cancelled\n\n')
    expect(await follow.ended).toEqual({ kind: 'stopped' })
    expect(record.said.content).toBe('ab')
    expect(gateway.cancelled).toEqual(['task-1'])
  })

  test('says so when the agent could not stop', async () => {
    const { gateway, follow } = begin()
    gateway.cancelAnswer = () =>
      Response.json({ status: 'cancelled', agent: { closed_ms: 1, turn_cancelled: false } })
    await settled()
    follow.stop()
    await settled()
    gateway.end('cancelled', ': cancelled\n\n')
    expect(await follow.ended).toEqual({ kind: 'stopped', agentWentOn: true })
  })

  test('does not wait for a dead connection to say that it is over', async () => {
    const { gateway, clock, follow } = begin()
    await settled()
    gateway.say(words('a'))
    await settled()
    follow.stop()
    await clock.pass(3_500)
    expect(await follow.ended).toEqual({ kind: 'stopped' })
  })

  test('is not forgotten while the gateway is gone', async () => {
    const { gateway, clock, follow } = begin()
    await settled()
    gateway.say(words('a'))
    await settled()
    gateway.isDown = true
    gateway.cut()
    follow.stop()
    await clock.pass(10_000)
    gateway.isDown = false
    const before = gateway.cancelled.length
    await clock.pass(20_000)
    expect(gateway.cancelled.length).toBeGreaterThan(before)
    expect(await follow.ended).toEqual({ kind: 'stopped' })
  })

  test('of a question that never arrived needs nobody', async () => {
    const gateway = new ScriptedGateway()
    gateway.isDown = true
    const { follow } = begin(gateway)
    await settled()
    follow.stop()
    expect(await follow.ended).toEqual({ kind: 'stopped' })
  })

  test('letting go ends nothing', async () => {
    const { gateway, follow, record } = begin()
    await settled()
    gateway.say(words('a'))
    await settled()
    follow.leave()
    expect(await follow.ended).toBeUndefined()
    expect(record.ending).toBeNull()
    expect(gateway.cancelled).toEqual([])
    expect(gateway.connections).toBe(0)
  })
})
