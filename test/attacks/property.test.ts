import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { raw } from '../rig/answers.ts'
import { isEvent } from '../rig/events.ts'
import { KEY, type Rig, startRig } from '../rig/rig.ts'
import type { Script } from '../rig/upstream.ts'
import type { RawAnswer } from '../rig/wire.ts'

let rig: Rig
beforeAll(async () => {
  rig = await startRig()
})
afterAll(() => rig[Symbol.asyncDispose]())

const RUNS = { numRuns: 100 }

async function say(bytes: string): Promise<RawAnswer> {
  const wire = rig.wire()
  await wire.write(Buffer.from(bytes, 'latin1'))
  const answer = await wire.answer()
  wire.leave()
  return answer
}
const ask = (target: string, ...headers: readonly string[]) =>
  say(
    [
      `GET ${target} HTTP/1.1`,
      'Host: a',
      `X-Ghost-Key: ${KEY}`,
      'Connection: close',
      ...headers,
      '',
      '',
    ].join('\r\n'),
  )
/** That nothing was broken: the next one is served. */
const alive = async () => expect((await rig.stranger('/healthz')).status).toBe(200)

const plain: Script = (call) => {
  call.head(200, { 'content-type': 'text/plain' })
  call.end('x')
}

/** What a forger would write, among bytes of any kind. */
const scraps = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        'event: error\n',
        'data: {"error":{"message":"x","type":"Interrupted"}}\n\n',
        ': cancelled\n\n',
        ': ping\n\n',
        'id: 999\n',
        'id\n',
        'retry: 1\n',
        'event: end\r\n',
        'data: [DONE]\n\n',
        '\n\n',
        '\r\r',
        '\r\n\r\n',
        '\ufeff',
        '\0',
        'data: ',
      ),
      fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
    ),
    { maxLength: 14 },
  )
  .map((parts) => Buffer.from(parts.join(''), 'latin1'))

/** Fields of the wire in a block of bytes, as a reader of event streams sees them. */
const idsIn = (bytes: Buffer) =>
  (bytes.toString('latin1').match(/[^\r\n]+/g) ?? [])
    .filter((line) => /^id(:|$)/.test(line))
    .map((line) => line.replace(/^id:? ?/, ''))

describe('whatever bytes the agent writes', () => {
  test('A75, A76, A77: the only ids are numbers in order, and the end is what the gateway knows of it', async () => {
    await fc.assert(
      fc.asyncProperty(scraps, fc.boolean(), async (bytes, complete) => {
        const length = bytes.length + (complete ? 0 : 5)
        rig.agent.play('POST /api/chat', async (call) => {
          await raw(
            Buffer.concat([
              Buffer.from(
                `HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n`,
              ),
              bytes,
            ]),
          )(call)
          call.fin()
        })
        const stream = await rig.chat()
        const heard = await stream.bytes()
        const ids = idsIn(heard).filter((id, i, all) => id !== all[i - 1])
        expect(ids).toEqual(ids.map((_, n) => String(n)))
        const state = await (await rig.fetch(`/api/chat/task/${stream.taskId}`)).json()
        expect(state).toMatchObject({ status: complete ? 'done' : 'failed' })
        const last = stream.items.filter(isEvent).at(-1)
        if (!complete) expect(last).toMatchObject({ event: 'error' })
        if (!complete) expect(last?.data).toContain('"type":"UpstreamError"')
      }),
      RUNS,
    )
  })

  test('A37, A106: no header of an answer to a browser is split or added, and none breaks the gateway', async () => {
    const value = fc
      .array(
        fc.oneof(
          fc.constantFrom(
            '\r',
            '\n',
            '\r\n',
            'X-Bad: 1',
            '\t',
            '\0',
            '\x7f',
            '"',
            ';',
            ' ',
            'é',
            '%0d%0a',
            ',',
          ),
          fc.integer({ min: 0, max: 255 }).map((byte) => String.fromCharCode(byte)),
        ),
        { maxLength: 12 },
      )
      .map((parts) => parts.join(''))
    const name = fc.constantFrom(
      'Content-Disposition',
      'Content-Type',
      'ETag',
      'Content-Range',
      'Last-Modified',
      'Content-Length',
      'Set-Cookie',
      'Location',
      'X-Task-ID',
    )
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(name, value), { maxLength: 4 }), async (headers) => {
        rig.agent.play('GET /api/download/', async (call) => {
          const lines = headers.map(([key, text]) => `${key}: ${text}\r\n`).join('')
          await raw(Buffer.from(`HTTP/1.1 200 OK\r\n${lines}Connection: close\r\n\r\nbody`, 'latin1'))(call)
          call.fin()
        })
        const answer = await ask('/api/download/a.txt')
        expect([200, 502]).toContain(answer.status)
        const names = answer.headers.map(([key]) => key)
        expect(names.filter((key) => /^(x-bad|set-cookie|location|x-task-id)$/.test(key))).toEqual([])
        expect(names.filter((key) => key === 'content-type').length).toBe(1)
      }),
      RUNS,
    )
    await alive()
  })
})

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
        const answer = await ask(`/api/download/${tried}`)
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
        const answer = await ask(where, `${name}: ${text}`)
        expect(answer.status).toBeGreaterThanOrEqual(200)
        expect(answer.status).not.toBe(500)
        expect(answer.headers.map(([key]) => key)).not.toContain('x-bad')
      }),
      { numRuns: 400 },
    )
    await alive()
  })
})
