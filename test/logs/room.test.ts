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
  test('F55: a client that stops reading is dropped at its bound, while another gets every line', async () => {
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

  test('F56: a client that answers no ping is gone by the next one, others stay', async () => {
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

/** The first round trip brings the server's ping and sends the answer to it; the second shows that the answer has arrived. */
async function answersPings({ ws }: Listening): Promise<void> {
  for (const _ of [1, 2]) {
    ws.ping()
    await once(ws, 'pong')
  }
}
