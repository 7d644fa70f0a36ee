import { once } from 'node:events'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { logLine } from '../../src/gateway/logs/frames.ts'
import { until } from './rig.ts'
import { clientFrame, startRoom } from './roomrig.ts'

afterEach(() => {
  vi.useRealTimers()
})

describe('what listeners say', () => {
  test('A33: is ignored', async () => {
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
  ])('A30: closes a flood of %s with 1008, and cuts who goes on', async (_what, opcode) => {
    vi.useFakeTimers({ toFake: ['performance'] })
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

  test('A30: is counted from the first message on, not from the second that the clock is in', async () => {
    vi.useFakeTimers({ toFake: ['performance'] })
    await using rig = await startRoom()
    const client = await rig.raw()
    vi.advanceTimersByTime(900)
    client.socket.write(Buffer.concat(Array.from({ length: 29 }, () => clientFrame(1))))
    client.socket.write(clientFrame(9, Buffer.from('end')))
    await until(() => client.frames().length === 1)
    vi.advanceTimersByTime(200)
    client.socket.write(Buffer.concat(Array.from({ length: 21 }, () => clientFrame(1))))
    client.socket.write(clientFrame(9, Buffer.from('end')))
    await until(() => client.frames().length > 1)
    expect(client.frames()[1]?.payload.readUInt16BE(0)).toBe(1008)
  })

  test('A30: may be 50 messages in a second, and 50 in the next one', async () => {
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
  ])('A27, A28, A29: closes only the one who sends %s', async (_what, bytes, code) => {
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
  test('A31: compression is not offered', async () => {
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
