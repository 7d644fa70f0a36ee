import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import { head, raw } from '../rig/answers.ts'
import { KEY, startRig } from '../rig/rig.ts'
import { gate } from '../rig/wait.ts'
import { refusal } from './refusal.ts'

const ROUTE = 'POST /api/workspace/save'
const say = (body: string) => ({ method: 'POST', headers: { 'content-type': 'application/json' }, body })

test('a saved workspace is the exact zip of the agent, with the name that it was given', async () => {
  await using rig = await startRig()
  const zip = randomBytes(300_000)
  const disposition = `attachment; filename="w.zip"; filename*=UTF-8''%D0%BC.zip`
  const described = ['content-type: application/zip', `content-disposition: ${disposition}`]
  rig.agent.play(ROUTE, raw(head('200 OK', ...described, `content-length: ${zip.length}`), zip))
  const response = await rig.fetch(
    '/api/workspace/save',
    say('{"messages": [ "é" ], "n": 12345678901234567890}'),
  )
  expect(response.status).toBe(200)
  expect(response.headers.get('content-type')).toBe('application/zip')
  expect(response.headers.get('content-disposition')).toBe(disposition)
  expect(Buffer.from(await response.arrayBuffer()).equals(zip)).toBe(true)
  const call = await rig.agent.called(ROUTE)
  expect(String((await call.read()).bytes)).toBe('{"messages": [ "é" ], "n": 12345678901234567890}')
  expect(call.headers['x-ghost-key']).toBe(KEY)
})

test('its first bytes come while the agent is still packing', async () => {
  await using rig = await startRig()
  const rest = gate()
  rig.agent.play(
    ROUTE,
    raw(head('200 OK', 'content-type: application/zip', 'content-length: 8'), 'PK01', rest, 'PK02'),
  )
  const wire = rig.wire()
  await wire.write(
    `POST /api/workspace/save HTTP/1.1\r\nHost: a\r\nX-Ghost-Key: ${KEY}\r\nContent-Type: application/json\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`,
  )
  await wire.until('PK01')
  rest.open()
  expect(String((await wire.answer()).body)).toBe('PK01PK02')
})

test('A73: a zip that breaks off is a failure, not a short zip', async () => {
  await using rig = await startRig()
  rig.agent.play(
    ROUTE,
    raw(head('200 OK', 'content-type: application/zip', 'content-length: 1000'), 'PK', (call) => call.fin()),
  )
  const outcome = await rig.fetch('/api/workspace/save', say('{}')).then(
    async (response) =>
      response.ok
        ? response.arrayBuffer().then(
            () => 'whole',
            () => 'broken',
          )
        : 'refused',
    () => 'broken',
  )
  expect(outcome).not.toBe('whole')
})

test('what is saved is JSON, and no more of it than the limit', async () => {
  await using rig = await startRig({ env: { GHOST_MAX_JSON_BYTES: '1000' } })
  for (const body of ['{', 'zip please'])
    expect(await refusal(await rig.fetch('/api/workspace/save', say(body)))).toMatchObject({
      status: 400,
      code: 'invalid_json',
    })
  expect(
    await refusal(await rig.fetch('/api/workspace/save', say(`{"a":"${'x'.repeat(1_000)}"}`))),
  ).toMatchObject({
    status: 413,
    code: 'body_too_large',
  })
  expect(rig.agent.calls).toEqual([])
})
