import { expect, test } from 'vitest'
import { KEY, type Rig, startRig } from '../rig/rig.ts'

const get = async (rig: Rig, target: string, ...headers: string[]) => {
  const wire = rig.wire()
  await wire.write(
    [`GET ${target} HTTP/1.1`, 'Host: a', ...headers, 'Connection: close', '', ''].join('\r\n'),
  )
  return wire.answer()
}

/** Other spellings of one and the same target. */
const SPELLINGS = ['http://gateway.example', 'HTTPS://gateway.example:8080', ''].flatMap((origin) =>
  ['/api/', '/%61pi/', '/%61%70%69/'].map((api) => `${origin}${api}`),
)

test.each(SPELLINGS)(
  'A62: %s is below /api: the key first, known or not, and any page may see the answer',
  async (api) => {
    await using rig = await startRig()
    for (const path of ['chat/tasks', 'nope', '%zz']) {
      const refused = await get(rig, api + path)
      expect([path, refused.status, refused.header('access-control-allow-origin')]).toEqual([path, 401, '*'])
      expect(JSON.parse(String(refused.body))).toMatchObject({ code: 'unauthorized' })
    }
    const known = await get(rig, `${api}chat/tasks`, `X-Ghost-Key: ${KEY}`)
    expect([known.status, known.header('access-control-allow-origin')]).toEqual([200, '*'])
    expect(JSON.parse(String(known.body))).toEqual({ tasks: [] })
    const file = await get(rig, `${api}download/a.txt`, `X-Ghost-Key: ${KEY}`)
    expect(file.status).toBe(200)
    expect((await rig.agent.called('GET /api/download/')).target).toBe('/api/download/a.txt')
  },
)

test.each(['/api/%zz', '/%zz', `/api/chat/task/${'x'.repeat(70_000)}`])(
  'A43, A46: a target that reaches no route is refused with the headers of every answer: %.20s',
  async (target) => {
    await using rig = await startRig()
    const answer = await get(rig, target, `X-Ghost-Key: ${KEY}`)
    expect(answer.status).toBeGreaterThanOrEqual(400)
    expect(answer.status).toBeLessThan(500)
    expect(answer.header('x-content-type-options')).toBe('nosniff')
    expect(answer.header('referrer-policy')).toBe('no-referrer')
    if (target.startsWith('/api/')) expect(answer.header('access-control-allow-origin')).toBe('*')
    expect(JSON.parse(String(answer.body))).toEqual({ error: expect.any(String), code: expect.any(String) })
  },
)
