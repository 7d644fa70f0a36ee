import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { raw } from '../rig/answers.ts'
import { isEvent } from '../rig/events.ts'
import { type Rig, startRig } from '../rig/rig.ts'
import { alive, ask } from './asked.ts'

let rig: Rig
beforeAll(async () => {
  rig = await startRig()
})
afterAll(() => rig[Symbol.asyncDispose]())

const RUNS = { numRuns: 100 }

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
        const answer = await ask(rig, '/api/download/a.txt')
        expect([200, 502]).toContain(answer.status)
        const names = answer.headers.map(([key]) => key)
        expect(names.filter((key) => /^(x-bad|set-cookie|location|x-task-id)$/.test(key))).toEqual([])
        expect(names.filter((key) => key === 'content-type').length).toBe(1)
      }),
      RUNS,
    )
    await alive(rig)
  })
})
