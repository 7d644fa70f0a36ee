import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Rig, startRig } from '../rig/rig.ts'
import { alive, ask, plain } from './asked.ts'

let rig: Rig
beforeAll(async () => {
  rig = await startRig()
})
afterAll(() => rig[Symbol.asyncDispose]())

describe('whatever a browser sends', () => {
  test('A63, A37: a path reaches the agent in one form only, and stays below the workspace', async () => {
    const segment = fc.oneof(
      fc.constantFrom(
        '..',
        '.',
        '%2e%2e',
        '%2E.',
        '%252e%252e',
        '%2f',
        '%5c',
        '\\',
        '/',
        '//',
        '%00',
        '%0d%0a',
      ),
      fc.constantFrom(
        'a',
        'b.txt',
        '%41',
        'é',
        '?',
        '#',
        '%',
        '%zz',
        ';',
        ':',
        '@',
        '%23',
        '%3f',
        '%20',
        '~',
      ),
    )
    const path = fc.array(segment, { minLength: 1, maxLength: 7 }).map((parts) => parts.join(''))
    rig.agent.play('GET /api/download/', plain)
    await fc.assert(
      fc.asyncProperty(path, async (tried) => {
        const before = rig.agent.calls.length
        const answer = await ask(rig, `/api/download/${tried}`)
        const calls = rig.agent.calls.slice(before)
        expect(calls.length).toBe(answer.status === 200 ? 1 : 0)
        for (const { target } of calls) {
          const name = decodeURIComponent(target.replace(/^\/api\/download\//, ''))
          expect(target).toBe(`/api/download/${name.split('/').map(encodeURIComponent).join('/')}`)
          expect(new URL(target, 'http://agent').pathname).toBe(target)
          expect(name.split('/')).not.toContain('..')
          expect(name).not.toMatch(/[\x00-\x1f\x7f\\]/)
        }
      }),
      { numRuns: 400 },
    )
  })

  test('A5, A37, A46: no value of any header crashes the gateway or comes back in an answer of its own', async () => {
    const names = [
      'Range',
      'If-None-Match',
      'If-Range',
      'If-Modified-Since',
      'Idempotency-Key',
      'Last-Event-ID',
      'Cookie',
      'Origin',
      'Accept',
      'Accept-Encoding',
      'Content-Type',
      'Upgrade',
      'Sec-Fetch-Site',
      'X-Forwarded-For',
      'X-Request-ID',
    ]
    const byte = fc.integer({ min: 1, max: 255 }).filter((code) => code !== 10 && code !== 13)
    const value = fc
      .array(
        fc.oneof(
          byte.map((code) => String.fromCharCode(code)),
          fc.constantFrom('%0d%0aX-Bad: 1', '"', ';', ',', '=', 'bytes=0-', 'websocket', '\t'),
        ),
        { maxLength: 16 },
      )
      .map((parts) => parts.join(''))
    const target = fc.constantFrom(
      '/api/download/a.txt',
      '/api/chat/tasks',
      '/',
      '/sw.js',
      '/ws',
      '/healthz',
      '/no',
    )
    rig.agent.play('GET /api/download/', plain)
    await fc.assert(
      fc.asyncProperty(target, fc.constantFrom(...names), value, async (where, name, text) => {
        const answer = await ask(rig, where, `${name}: ${text}`)
        expect(answer.status).toBeGreaterThanOrEqual(200)
        expect(answer.status).not.toBe(500)
        expect(answer.headers.map(([key]) => key)).not.toContain('x-bad')
      }),
      { numRuns: 400 },
    )
    await alive(rig)
  })
})
