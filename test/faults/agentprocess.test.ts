import { expect, test } from 'vitest'
import { failure, isEvent, isPing, says, words } from '../rig/events.ts'
import { startRig } from '../rig/rig.ts'
import { freePort } from '../rig/server.ts'
import { startTickingAgent, TICKS } from './tickingagent.ts'

test('F18: an agent that stands still in the middle of an answer is waited for, with pings, and heard to its end', async () => {
  await using agent = await startTickingAgent(await freePort())
  await using rig = await startRig({ env: { GHOST_AGENT_URL: agent.url }, timing: { pulseMs: 50 } })
  const stream = await rig.chat()
  await stream.until(says('"20 "'))
  agent.signal('SIGSTOP')
  for (let n = 0; n < 5; n += 1) await stream.until(isPing)
  const soFar = stream.items.filter(isEvent).length
  expect(soFar).toBeLessThan(200)
  agent.signal('SIGCONT')
  const items = await stream.rest()
  expect(words(items)).toBe(TICKS)
  expect(failure(items)).toBeUndefined()
})

test('F19: the answer of an agent that is killed fails with all that had come, and the next question is answered when it is back', async () => {
  const port = await freePort()
  await using first = await startTickingAgent(port)
  await using rig = await startRig({ env: { GHOST_AGENT_URL: first.url } })
  const [cut, early] = [await rig.chat(), await rig.chat()]
  await cut.until(says('"20 "'))
  await early.until(says('"20 "'))
  first.signal('SIGKILL')
  await first.exited
  for (const stream of [cut, early]) {
    const items = await stream.rest()
    expect(failure(items)?.type).toBe('UpstreamError')
    const said = words(items.slice(0, -1))
    expect(TICKS.startsWith(said) && said.length > 40).toBe(true)
  }
  expect(failure(await (await rig.chat()).rest())?.type).toBe('UpstreamError')
  await using again = await startTickingAgent(port)
  expect(again.url).toBe(first.url)
  const items = await (await rig.chat()).rest()
  expect(words(items)).toBe(TICKS)
  expect(failure(items)).toBeUndefined()
})
