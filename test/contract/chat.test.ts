import { describe, expect, test } from 'vitest'
import { DONE, delta, json, pieces, sse, stop } from '../rig/answers.ts'
import { isEvent, says, words } from '../rig/events.ts'
import { KEY, messages, startRig } from '../rig/rig.ts'
import { eventually, gate } from '../rig/wait.ts'

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

describe('without a stream', () => {
  test.each([{ stream: false }, {}])(
    "the agent's status and JSON come back unchanged: %j",
    async (member) => {
      await using rig = await startRig()
      const body = '{ "choices":[{"message":{"content":"é😀"}}],\n"big":12345678901234567890, "a":1.0 }'
      rig.agent.play('POST /api/chat', json(203, body))
      const response = await rig.post('/api/chat', { messages: messages(), ...member })
      expect(response.status).toBe(203)
      expect(response.headers.get('content-type')).toMatch(/^application\/json/)
      expect(response.headers.get('x-task-id')).toBeNull()
      expect(await response.text()).toBe(body)
    },
  )

  test('the time to think is not cut short by anything but the silence that was set', async () => {
    await using rig = await startRig()
    const thought = gate()
    rig.agent.play('POST /api/chat', async (call) => {
      await call.read()
      await thought.opened
      await json(200, { late: true })(call)
    })
    const answer = rig.post('/api/chat', { messages: messages() })
    await rig.agent.called('POST /api/chat')
    thought.open()
    expect(await (await answer).json()).toEqual({ late: true })
  })
})

describe('what the agent is asked', () => {
  test.each([true, false])('is the same JSON, byte for byte, with stream %j', async (stream) => {
    await using rig = await startRig()
    const body = `{ "messages": [{"role":"user","content":"\\u0041 é 😀"}], "big": 12345678901234567890,
      "x": 1.0, "huge": 1e400, "nested": {"deep": [null, {"a": "\\u2028"}]}, "stream": ${stream} }`
    const headers = { 'content-type': 'application/json' }
    await (await rig.fetch('/api/chat', { method: 'POST', headers, body })).text()
    const call = await rig.agent.called('POST /api/chat')
    expect((await call.read()).bytes.toString()).toBe(body)
    expect(call.headers['content-type']).toMatch(/^application\/json/)
  })

  test('carries the key and a fresh request id', async () => {
    await using rig = await startRig()
    for (let n = 0; n < 2; n += 1) {
      await (await rig.chat()).rest()
      await rig.post('/api/chat', { messages: [] })
    }
    const ids = rig.agent.callsOf('POST /api/chat').map(({ headers }) => headers['x-request-id'])
    expect(new Set(ids).size).toBe(4)
    for (const id of ids) expect(id).toMatch(/^[\x21-\x7e]{8,}$/)
    for (const { headers } of rig.agent.calls) expect(headers['x-ghost-key']).toBe(KEY)
  })
})

describe('a stream', () => {
  test('begins with its task id before the agent has said a byte', async () => {
    await using rig = await startRig()
    const word = gate()
    rig.agent.play('POST /api/chat', async (call) => {
      await call.read()
      await word.opened
      await sse(delta('at last'), DONE)(call)
    })
    const stream = await rig.chat()
    expect(stream.status).toBe(200)
    expect(stream.headers.get('content-type')).toMatch(/^text\/event-stream/)
    expect(stream.headers.get('cache-control')).toMatch(/no-store|no-cache/)
    expect(stream.headers.get('x-accel-buffering')).toBe('no')
    expect(stream.headers.get('content-encoding')).toBeNull()
    expect(stream.taskId).toMatch(UUID)
    word.open()
    expect(words(await stream.rest())).toBe('at last')
  })

  test('passes each event on while the next is still to come', async () => {
    await using rig = await startRig()
    const [second, third] = [gate(), gate()]
    rig.agent.play('POST /api/chat', sse(delta('one'), second, delta('two'), third, DONE))
    const stream = await rig.chat()
    await stream.until(says('one'))
    second.open()
    await stream.until(says('two'))
    third.open()
    await stream.until(says('[DONE]'))
    expect(await stream.next()).toBeUndefined()
  })

  test('numbers its chunks from 0, comments and all', async () => {
    await using rig = await startRig()
    rig.agent.play(
      'POST /api/chat',
      sse(': thinking\n\n', delta('a'), ': still\n\n', delta('b'), stop(), DONE),
    )
    const stream = await rig.chat()
    const ids = (await stream.rest()).filter(isEvent).map(({ id }) => id)
    expect(ids).toEqual(['1', '3', '4', '5'])
    const lines = String(await stream.bytes()).split('\n')
    expect(lines.filter((line) => line.startsWith('id:'))).toEqual(
      ['0', '1', '2', '3', '4', '5'].map((n) => `id: ${n}`),
    )
  })

  test('goes on and is kept whole when its reader leaves', async () => {
    await using rig = await startRig()
    const left = gate()
    rig.agent.play('POST /api/chat', sse(delta('before '), left, delta('after'), stop(), DONE))
    const stream = await rig.chat()
    await stream.until(says('before'))
    stream.leave()
    await eventually('the reader is seen to be gone', async () => {
      left.open()
      const task = (await (await rig.fetch(`/api/chat/task/${stream.taskId}`)).json()) as { status: string }
      return task.status === 'done'
    })
    expect(words(await (await rig.resume(stream.taskId)).rest())).toBe('before after')
    expect(rig.agent.callsOf('POST /api/chat')).toHaveLength(1)
  })

  test('reads the agent to its end even when nobody was ever there to hear it', async () => {
    await using rig = await startRig()
    const asked = gate()
    rig.agent.play('POST /api/chat', async (call) => {
      await call.read()
      asked.open()
      await sse(delta('unheard'), stop(), DONE)(call)
    })
    const wire = rig.wire()
    const body = JSON.stringify({ messages: [], stream: true })
    await wire.write(
      `POST /api/chat HTTP/1.1\r\nHost: a\r\nX-Ghost-Key: ${KEY}\r\nContent-Type: application/json\r\n` +
        `Content-Length: ${body.length}\r\n\r\n${body}`,
    )
    await asked.opened
    wire.reset()
    const tasks = await eventually('the task is done', async () => {
      const list = (await (await rig.fetch('/api/chat/tasks')).json()) as {
        tasks: { task_id: string; status: string }[]
      }
      return list.tasks[0]?.status === 'done' ? list.tasks : undefined
    })
    const stream = await rig.resume(tasks[0]?.task_id ?? '')
    expect(words(await stream.rest())).toBe('unheard')
  })

  test('F11: of anything but events passes as it is read, without ids', async () => {
    await using rig = await startRig()
    const [second, third] = [gate(), gate()]
    rig.agent.play(
      'POST /api/chat',
      pieces(
        'application/x-ndjson',
        '{"a":1}\n\nid: 7\n',
        second,
        Buffer.from([0, 255, 13, 10]),
        third,
        'end',
      ),
    )
    const stream = await rig.chat()
    await stream.atLeast(15)
    second.open()
    await stream.atLeast(19)
    third.open()
    const whole = Buffer.concat([
      Buffer.from('{"a":1}\n\nid: 7\n'),
      Buffer.from([0, 255, 13, 10]),
      Buffer.from('end'),
    ])
    expect(await stream.bytes()).toEqual(whole)
    expect(await (await rig.resume(stream.taskId, 0)).bytes()).toEqual(whole)
    expect(await (await rig.resume(stream.taskId, 1)).bytes()).toEqual(whole.subarray(15))
    expect(await (await rig.resume(stream.taskId, 2)).bytes()).toEqual(whole.subarray(19))
  })

  test('is the same for every reader, whenever it joins', async () => {
    await using rig = await startRig()
    const gates = Array.from({ length: 5 }, gate)
    rig.agent.play('POST /api/chat', sse(...gates.flatMap((it, n) => [delta(`w${n} `), it]), stop(), DONE))
    const first = await rig.chat()
    const readers = [first]
    for (const [n, it] of gates.entries()) {
      await first.until(says(`w${n}`))
      readers.push(await rig.resume(first.taskId))
      it.open()
    }
    const all = await Promise.all(readers.map((reader) => reader.bytes()))
    for (const bytes of all) expect(bytes).toEqual(all[0])
    expect(words(first.items)).toBe('w0 w1 w2 w3 w4 ')
  })

  test('of 64 kB events and of one-byte pieces is the same words', async () => {
    await using rig = await startRig()
    const long = 'é😀x'.repeat(20_000)
    const bytes = Buffer.from(delta(long) + delta('tail') + DONE)
    rig.agent.play('POST /api/chat', sse(bytes.subarray(0, 100_001), bytes.subarray(100_001)))
    expect(words(await (await rig.chat()).rest())).toBe(`${long}tail`)
    rig.agent.play(
      'POST /api/chat',
      sse(...[...Buffer.from(delta('é😀') + DONE)].map((byte) => Buffer.of(byte))),
    )
    expect(words(await (await rig.chat()).rest())).toBe('é😀')
  })
})
