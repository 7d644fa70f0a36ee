import { expect, test } from 'vitest'
import { KEY, type Rig, startRig } from '../rig/rig.ts'

/** Asks with exactly these bytes for a target; no client may tidy it up. */
const ask = async (rig: Rig, path: string, method = 'GET') => {
  const wire = rig.wire()
  await wire.write(
    `${method} /api/download/${path} HTTP/1.1\r\nHost: a\r\nX-Ghost-Key: ${KEY}\r\nConnection: close\r\n\r\n`,
  )
  return wire.answer()
}

const OUTSIDE = [
  '..',
  '../',
  '../../etc/passwd',
  'a/../../b',
  'a/..',
  'a/../b',
  '%2e%2e/%2e%2e/etc/passwd',
  '%2E%2E',
  '.%2e/x',
  '%2e./x',
  '..%2f..%2fetc%2fpasswd',
  '..%2F',
  'a%2f..%2fb',
  'a%2F%2e%2E%2fb',
  '..%5c..%5cetc',
  'a%5cb',
  'a\\b',
  '..\\..\\x',
  'C:%5cx',
  '%5c%5chost%5cshare',
  '/etc/passwd',
  '//etc/passwd',
  '%2fetc%2fpasswd',
  '%2Fetc',
  '%00',
  'a%00b',
  'a.txt%00.png',
  'a/%00',
  '%2e%2e%00/',
  '..;/x/../..',
]

test.each(OUTSIDE)('A63, A64: %s names nothing, and the agent never hears of it', async (path) => {
  await using rig = await startRig()
  for (const method of ['GET', 'HEAD']) {
    const answer = await ask(rig, path, method)
    expect(answer.status).toBe(400)
    if (method === 'GET') expect(JSON.parse(String(answer.body))).toMatchObject({ code: 'invalid_path' })
  }
  expect(rig.agent.calls).toEqual([])
})

test.each(['%', '%zz', 'a%2', '%c0%ae%c0%ae/x', '%ff', '%ed%a0%80'])(
  'A63: %s is no encoding of a name, and the agent never hears of it',
  async (path) => {
    await using rig = await startRig()
    const answer = await ask(rig, path)
    expect(answer.status).toBe(400)
    expect(JSON.parse(String(answer.body))).toEqual({
      error: expect.stringMatching(/\w/),
      code: expect.stringMatching(/^[a-z_]+$/),
    })
    expect(rig.agent.calls).toEqual([])
  },
)

test.each([
  ['a%2541.txt', 'a%41.txt'],
  ['100%25', '100%'],
  ['a..b.txt', 'a..b.txt'],
  ['..a', '..a'],
  ['a../b', 'a../b'],
  ['.../x', '.../x'],
  ['.hidden', '.hidden'],
  ['a%3Fb%23c', 'a?b#c'],
  ['a?x=../..', 'a'],
])('%s is a name like any other: %s', async (path, name) => {
  await using rig = await startRig()
  expect((await ask(rig, path)).status).toBe(200)
  const { target } = await rig.agent.called('GET /api/download/')
  expect(decodeURIComponent(target.split('?', 1)[0] ?? '')).toBe(`/api/download/${name}`)
})

test.each([
  '%252e%252e%252fetc%252fpasswd',
  '..%252f..',
  '%2500',
  '%25252e%25252e%25252fx',
  'a%255c..%255cb',
])('A63: %s, encoded more than once, is refused or a name without meaning, never a way out', async (path) => {
  await using rig = await startRig()
  const { status } = await ask(rig, path)
  if (status === 400) expect(rig.agent.calls).toEqual([])
  else {
    const { target } = await rig.agent.called('GET /api/download/')
    expect(target).toBe(`/api/download/${path}`)
  }
})

test('A37, A64: no line break in a name ever becomes one in what the agent is asked', async () => {
  await using rig = await startRig()
  await ask(rig, 'a%0d%0aX-Evil:%20yes%0d%0a%0d%0aGET%20/api/download/b')
  for (const call of rig.agent.calls) {
    expect(call.target).not.toContain('GET')
    expect(call.headers['x-evil']).toBeUndefined()
  }
  expect(rig.agent.calls.length).toBeLessThanOrEqual(1)
})

test('A62: an encoded route is the same route, with the same rules', async () => {
  await using rig = await startRig()
  const wire = rig.wire()
  await wire.write(
    `GET /api/%64ownload/%2e%2e/x HTTP/1.1\r\nHost: a\r\nX-Ghost-Key: ${KEY}\r\nConnection: close\r\n\r\n`,
  )
  expect([400, 404]).toContain((await wire.answer()).status)
  expect(rig.agent.calls).toEqual([])
})
