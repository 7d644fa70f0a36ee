import { once } from 'node:events'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { logLine } from '../../src/gateway/logs/frames.ts'
import { numbered, until } from './rig.ts'
import { clientFrame, framesOf, type Listening, startRoom } from './roomrig.ts'

afterEach(() => {
  vi.useRealTimers()
})

describe('what listeners get', () => {
  test('every line, as a message of its own, in order', async () => {
    await using rig = await startRoom()
    const one = await rig.listen()
    const other = await rig.listen()
    rig.room.say(['a', 'ERROR b'])
    rig.room.say(['c'])
    await until(() => one.messages.length === 3 && other.messages.length === 3)
    expect(one.messages).toEqual([
      { type: 'log', content: 'a', is_error: false },
      { type: 'log', content: 'ERROR b', is_error: true },
      { type: 'log', content: 'c', is_error: false },
    ])
    expect(other.messages).toEqual(one.messages)
    expect(rig.room.counts()).toEqual({ clients: 2, lines: 3, dropped: 0 })
  })

  test('many lines a message if they ask for it', async () => {
    await using rig = await startRoom()
    const batch = await rig.listen('?batch=1')
    const single = await rig.listen('?batch=0')
    rig.room.say(numbered(1, 100))
    rig.room.say(['last'])
    await until(() => batch.messages.length === 2 && single.messages.length === 101)
    expect(batch.messages).toEqual([
      { type: 'logs', lines: numbered(1, 100).map(logLine) },
      { type: 'logs', lines: [logLine('last')] },
    ])
  })

  test('all lines of a read in one write', async () => {
    await using rig = await startRoom()
    await rig.listen()
    await rig.listen('?batch=1')
    const before = rig.sockets.map((socket) => rig.writes.get(socket)?.length ?? 0)
    rig.room.say(numbered(1, 1_000))
    const after = rig.sockets.map((socket) => rig.writes.get(socket)?.length ?? 0)
    expect(after).toEqual(before.map((count) => count + 1))
  })

  test('the newest ten lines first when they come late, in one write, then what comes', async () => {
    await using rig = await startRoom()
    rig.room.say(numbered(1, 7))
    rig.room.say(numbered(8, 12))
    const late = await rig.listen()
    const batch = await rig.listen('?batch=1')
    rig.room.say(['line 13'])
    await until(() => late.messages.length === 11 && batch.messages.length === 2)
    expect(late.messages).toEqual(numbered(3, 13).map((line) => ({ type: 'log', ...logLine(line) })))
    expect(batch.messages).toEqual([
      { type: 'logs', lines: numbered(3, 12).map(logLine) },
      { type: 'logs', lines: [logLine('line 13')] },
    ])
    const [handshake, backlog] = rig.writes.get(rig.sockets[0] as never) ?? []
    expect(String(handshake)).toContain('101')
    expect(framesOf(backlog as Buffer)).toHaveLength(10)
  })

  test('nothing at first if nothing was said', async () => {
    await using rig = await startRoom()
    await rig.listen()
    await rig.listen('?batch=1')
    rig.room.say([])
    expect(rig.sockets.map((socket) => rig.writes.get(socket)?.length)).toEqual([1, 1])
  })

  test('messages of all lengths that a browser can parse, between pings', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    await using rig = await startRoom()
    const client = await rig.listen()
    const empty = JSON.stringify({ type: 'log', ...logLine('') }).length
    const contents = [125, 126, 65_535, 65_536].map((length) => 'x'.repeat(length - empty))
    for (const content of contents) {
      rig.room.say([content])
      vi.advanceTimersByTime(30_000)
      await until(() => client.messages.length > contents.indexOf(content))
      await answersPings(client)
    }
    expect(client.messages).toEqual(contents.map((content) => ({ type: 'log', ...logLine(content) })))
    expect(client.ws.readyState).toBe(client.ws.OPEN)
  })
})

describe('nobody waits for anybody', () => {
  test('a client that stops reading is dropped at its bound, while another gets every line', async () => {
    const unreadBytes = 200_000
    await using rig = await startRoom({ unreadBytes })
    const stalled = await rig.raw()
    stalled.socket.pause()
    const healthy = await rig.listen()
    const [stuck] = rig.sockets
    let said = 0
    let mostUnread = 0
    while (rig.room.counts().dropped === 0 && said < 10_000) {
      rig.room.say(Array.from({ length: 10 }, (_, i) => `${said + i} ${'x'.repeat(10_000)}`))
      said += 10
      mostUnread = Math.max(mostUnread, stuck?.destroyed ? 0 : (stuck?.writableLength ?? 0))
      await until(() => healthy.messages.length === said)
    }
    expect(rig.room.counts()).toEqual({ clients: 1, lines: said, dropped: 1 })
    expect(mostUnread).toBeGreaterThan(0)
    expect(mostUnread).toBeLessThanOrEqual(unreadBytes)
    expect(stuck?.destroyed).toBe(true)
    rig.room.say(['still here'])
    await until(() => healthy.messages.length === said + 1)
    expect(rig.room.counts().dropped).toBe(1)
  })

  test('a client that leaves is forgotten, with and without a goodbye', async () => {
    await using rig = await startRoom()
    const polite = await rig.listen()
    const rude = await rig.raw()
    const stays = await rig.listen()
    polite.ws.close()
    rude.socket.resetAndDestroy()
    rig.room.say(['a'])
    await until(() => rig.room.counts().clients === 1)
    rig.room.say(['b'])
    await until(() => stays.messages.length === 2)
    expect(rig.room.counts()).toEqual({ clients: 1, lines: 2, dropped: 0 })
  })

  test('no line follows a goodbye, though the other side has not answered it yet', async () => {
    await using rig = await startRoom()
    const client = await rig.raw()
    const stays = await rig.listen()
    client.socket.write(Buffer.concat(Array.from({ length: 51 }, () => clientFrame(1))))
    await until(() => client.frames().length > 0)
    expect(rig.room.counts().clients).toBe(2)
    rig.room.say(['too late'])
    await until(() => stays.messages.length === 1)
    await client.closed
    expect(client.frames().map(({ opcode }) => opcode)).toEqual([8])
  })

  test('a client that answers no ping is gone by the next one, others stay', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    await using rig = await startRoom()
    const dead = await rig.raw()
    const alive = await rig.listen()
    vi.advanceTimersByTime(30_000)
    await until(() => dead.frames().length === 1)
    expect(dead.frames()[0]?.opcode).toBe(9)
    await answersPings(alive)
    expect(rig.room.counts().clients).toBe(2)
    vi.advanceTimersByTime(30_000)
    await dead.closed
    await answersPings(alive)
    vi.advanceTimersByTime(30_000)
    expect(rig.room.counts()).toEqual({ clients: 1, lines: 0, dropped: 0 })
    expect(alive.ws.readyState).toBe(alive.ws.OPEN)
  })
})

describe('what listeners say', () => {
  test('is ignored', async () => {
    await using rig = await startRoom()
    const client = await rig.listen()
    for (const text of ['{"type":"log","content":"forged"}', 'null', '{"__proto__":1}', '[[[['])
      client.ws.send(text)
    client.ws.ping()
    await once(client.ws, 'pong')
    rig.room.say(['real'])
    await until(() => client.messages.length > 0)
    expect(client.messages).toEqual([{ type: 'log', ...logLine('real') }])
    expect(rig.room.counts().lines).toBe(1)
  })

  test.each([
    ['messages', 1],
    ['pings', 9],
    ['pongs', 10],
  ])('closes a flood of %s with 1008, and cuts who goes on', async (_what, opcode) => {
    await using rig = await startRoom()
    const stays = await rig.listen()
    const flood = await rig.raw()
    flood.socket.write(Buffer.concat(Array.from({ length: 50 }, () => clientFrame(opcode))))
    flood.socket.write(clientFrame(9, Buffer.from('end')))
    await until(() => flood.frames().some((frame) => frame.opcode === 8))
    expect(flood.frames().at(-1)?.payload.readUInt16BE(0)).toBe(1008)
    await flood.closed
    await until(() => rig.room.counts().clients === 1)
    expect(stays.ws.readyState).toBe(stays.ws.OPEN)
  })

  test('may be 50 messages in a second, and 50 in the next one', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    await using rig = await startRoom()
    const client = await rig.raw()
    for (const answers of [[10], [10, 10]]) {
      vi.advanceTimersByTime(1_000)
      client.socket.write(Buffer.concat(Array.from({ length: 49 }, () => clientFrame(1))))
      client.socket.write(clientFrame(9, Buffer.from('end')))
      await until(() => client.frames().length === answers.length)
      expect(client.frames().map(({ opcode }) => opcode)).toEqual(answers)
    }
  })

  test.each([
    ['an unmasked frame', Buffer.from('81026869', 'hex'), 1002],
    ['a reserved opcode', Buffer.from('838000000000', 'hex'), 1002],
    ['a ping too long', Buffer.from('89fe007e00000000', 'hex'), 1002],
    ['a message of 4 EiB', Buffer.from('82ff400000000000000000000000', 'hex'), 1009],
    ['a message of 4,097 bytes', Buffer.from('82fe100100000000', 'hex'), 1009],
    ['text that is not UTF-8', clientFrame(1, Buffer.from([0xff])), 1007],
    [
      'a message in endless pieces',
      Buffer.concat([
        Buffer.from('018000000000', 'hex'),
        ...Array.from({ length: 20 }, () => Buffer.from('00810000000061', 'hex')),
      ]),
      1008,
    ],
  ])('closes only the one who sends %s', async (_what, bytes, code) => {
    await using rig = await startRoom()
    const stays = await rig.listen()
    const broken = await rig.raw()
    broken.socket.write(bytes)
    await until(() => broken.frames().length > 0)
    expect(broken.frames().map((frame) => [frame.opcode, frame.payload.readUInt16BE(0)])).toEqual([[8, code]])
    rig.room.say(['a'])
    await until(() => stays.messages.length === 1)
    expect(broken.frames()).toHaveLength(1)
    await until(() => rig.room.counts().clients === 1)
  })
})

describe('at the door', () => {
  test('compression is not offered', async () => {
    await using rig = await startRoom()
    const client = await rig.listen()
    expect(client.ws.extensions).toBe('')
  })

  test('everyone is told 1001 at the end, who does not answer is cut, and nobody comes in any more', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    await using rig = await startRoom()
    const polite = await rig.listen()
    const silent = await rig.raw()
    rig.room.close()
    expect(vi.getTimerCount()).toBe(0)
    rig.room.say(['nobody hears this'])
    expect(await polite.closed).toBe(1001)
    await silent.closed
    expect(silent.frames().map(({ opcode, payload }) => [opcode, payload.readUInt16BE(0)])).toEqual([
      [8, 1001],
    ])
    await until(() => rig.room.counts().clients === 0)
    expect((await rig.raw()).status).toBe('HTTP/1.1 503 Service Unavailable')
  })
})

/** The first round trip brings the server's ping and sends the answer to it; the second shows that the answer has arrived. */
async function answersPings({ ws }: Listening): Promise<void> {
  for (const _ of [1, 2]) {
    ws.ping()
    await once(ws, 'pong')
  }
}
