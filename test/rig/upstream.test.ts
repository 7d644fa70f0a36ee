import { Agent, fetch, type Response } from 'undici'
import { expect, test } from 'vitest'
import { startAgent } from './agent.ts'
import { DONE, delta, fin, hello, rst, sse, untilClose } from './answers.ts'
import { EventReader, words } from './events.ts'
import { gate } from './wait.ts'
import { Wire } from './wire.ts'

const POST = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{"stream":true}' }
const bodyOf = ({ body }: Response) => {
  if (!body) throw new Error('no body')
  return body
}

test('the scripted agent streams, counts and remembers what it was asked', async () => {
  const agent = await startAgent()
  const client = new Agent()
  const response = await fetch(`${agent.url}/api/chat?x=1`, { ...POST, dispatcher: client })
  const reader = new EventReader(bodyOf(response))
  expect(words(await reader.rest())).toBe('hello')
  const call = await agent.called('POST /api/chat')
  expect(call.target).toBe('/api/chat?x=1')
  expect(await call.json()).toEqual({ stream: true })
  expect((await call.read()).sha256).toMatch(/^[0-9a-f]{64}$/)
  await client.destroy()
  await agent.close()
})

test('the scripted agent waits behind a gate and notices that its reader has gone', async () => {
  const agent = await startAgent()
  const client = new Agent()
  const never = gate()
  agent.play('POST /api/chat', sse(delta('a'), never, DONE), hello)
  const response = await fetch(`${agent.url}/api/chat`, { ...POST, dispatcher: client })
  const reader = new EventReader(bodyOf(response))
  expect(await reader.next()).toMatchObject({ kind: 'event' })
  await client.destroy()
  const call = await agent.called('POST /api/chat')
  await call.closed
  await call.played
  await agent.close()
})

test('the scripted agent ends a connection with FIN or with RST, as it is told', async () => {
  const agent = await startAgent()
  const heard = gate()
  agent.play('POST /api/chat', untilClose('data: 1\n\n', fin), untilClose('data: 1\n\n', heard, rst))
  const ask = () => {
    const wire = new Wire(agent.port)
    void wire.write('POST /api/chat HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}')
    return wire
  }
  const first = ask()
  expect(await first.over).toBe('fin')
  expect((await first.answer()).body.toString()).toBe('data: 1\n\n')
  const second = ask()
  await second.until('data: 1')
  heard.open()
  expect(await second.over).toBe('broken')
  await agent.close()
})
