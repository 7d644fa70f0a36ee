import { expect, test } from 'vitest'
import { Pour } from '../../src/gateway/chat/pour.ts'
import { Fault } from '../../src/gateway/fault.ts'
import { MemoryStore } from '../../src/gateway/store/memory.ts'
import type { Sink, Upstream } from '../../src/gateway/upstream.ts'
import { ROOMY } from '../store/contract.ts'
import { born } from '../store/tools.ts'

/** More than may wait for the store, so that the agent is asked to pause and to go on. */
const LONG = Buffer.from(`data: ${'x'.repeat(1000)}\n\n`.repeat(400))

test.each([
  ['a store that throws', 'append'],
  ['a store that refuses', 'reject'],
  ['a connection that breaks when it is to go on', 'resume'],
  ['an end that throws', 'end'],
])('%s ends the task alone, and not the process', async (_, broken) => {
  const store = new MemoryStore(ROOMY)
  const failure = new Error(broken)
  const fail = () => {
    throw failure
  }
  if (broken === 'append') store.append = fail
  if (broken === 'reject') store.append = () => Promise.reject(failure)
  if (broken === 'end') store.end = fail
  let sink: Sink | undefined
  const flow = { pause() {}, resume: broken === 'resume' ? fail : () => {}, abort() {} }
  const agent = {
    open(_call: unknown, given: Sink) {
      sink = given
      return flow
    },
    fault: (_: string, message: string) => new Fault('agent_bad_answer', message),
  }
  const failures: unknown[] = []
  const pour = new Pour({
    store,
    agent: agent as unknown as Upstream,
    id: await born(store),
    call: {} as never,
    eventBytes: 1 << 20,
    onFirstByte() {},
    onStoreFailure: (error) => void failures.push(error),
  })
  sink?.head({
    status: 200,
    header: (name) => (name === 'content-type' ? 'text/event-stream' : undefined),
  })
  sink?.data(LONG)
  if (broken === 'end') sink?.end()
  await pour.over
  expect(failures).toEqual([failure])
})
