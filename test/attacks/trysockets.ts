import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { framesOf } from '../logs/roomrig.ts'
import type { Wire } from '../rig/wire.ts'
import { FRAMES, IGNORED, text } from './frames.ts'
import { AGENT_LOG, KEY, type Siege, WITH_KEY } from './place.ts'
import { pageCookie } from './trydoors.ts'

const UPGRADE = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
]
const handshake = (line: string, ...headers: readonly string[]) => [line, ...headers, '', ''].join('\r\n')
const upgrade = (target: string, ...headers: readonly string[]) =>
  handshake(`GET ${target} HTTP/1.1`, 'Host: gateway', ...UPGRADE, ...headers)

async function opened(siege: Siege): Promise<Wire> {
  const wire = siege.wire()
  await wire.write(upgrade('/ws', WITH_KEY))
  await wire.until('\r\n\r\n')
  expect(String(wire.heard)).toMatch(/^HTTP\/1\.1 101 /)
  return wire
}
const frames = (wire: Wire) => framesOf(wire.heard.subarray(wire.heard.indexOf('\r\n\r\n') + 4))
const refused = async (siege: Siege, bytes: string) => (await siege.say(bytes)).status

const bad = encodeURIComponent(`${KEY}x`)
/** Upgrades of `/ws` that open nothing, and the status of the refusal. */
const SHUT: readonly (readonly [name: string, status: number, target: string, headers: readonly string[]])[] =
  [
    ['A23: nothing at all', 401, '/ws', []],
    ['A23: a wrong key in the address', 401, `/ws?key=${bad}`, []],
    ['A23: the key twice in the address', 401, `/ws?key=${encodeURIComponent(KEY)}&key=x`, []],
    ['A23: a wrong key in the header', 401, '/ws', ['X-Ghost-Key: wrong']],
    ['A22: a token in the protocol', 401, '/ws', ['Sec-WebSocket-Protocol: token, xxx']],
    ['A22: the key in the protocol', 401, '/ws', [`Sec-WebSocket-Protocol: ${encodeURIComponent(KEY)}`]],
    ['A24: another origin', 403, '/ws', ['Origin: https://evil.example']],
    ['A24: the origin of a file', 403, '/ws', ['Origin: null']],
    ['A24: two origins', 403, '/ws', ['Origin: http://gateway', 'Origin: https://evil.example']],
    ['A24: two origins in one', 403, '/ws', ['Origin: http://gateway https://evil.example']],
    ['A24: another port', 403, '/ws', ['Origin: http://gateway:81']],
    ['A24: a longer name', 403, '/ws', ['Origin: http://gateway.evil.example']],
    ['A24: a login before another name', 403, '/ws', ['Origin: http://gateway@evil.example']],
  ]

/** Upgrades that are none of `/ws`, with the key. */
const ELSEWHERE: readonly (readonly [name: string, bytes: string])[] = [
  ['A34: the API', upgrade('/api/chat/tasks', WITH_KEY)],
  ['A34: the page', upgrade('/', WITH_KEY)],
  ['A34: a path below', upgrade('/ws/x', WITH_KEY)],
  ['A34: a path above', upgrade('/x/../ws', WITH_KEY)],
  ['A34: another host in the target', upgrade('http://evil.example/x', WITH_KEY)],
  [
    'A34: HTTP/2',
    handshake(
      'GET /ws HTTP/1.1',
      'Host: gateway',
      'Connection: Upgrade, HTTP2-Settings',
      'Upgrade: h2c',
      'HTTP2-Settings: AAMAAABkAAQCAAAAAAIAAAAA',
      WITH_KEY,
    ),
  ],
  ['A34: another protocol', upgrade('/ws', WITH_KEY).replace('Upgrade: websocket', 'Upgrade: evil')],
  ['A34: another version', upgrade('/ws', WITH_KEY).replace('Version: 13', 'Version: 1')],
  ['A34: no key of a socket', upgrade('/ws', WITH_KEY).replace(/Sec-WebSocket-Key: .*\r\n/, '')],
  [
    'A34: a POST with a body',
    handshake('POST /ws HTTP/1.1', 'Host: gateway', ...UPGRADE, WITH_KEY, 'Content-Length: 5'),
  ],
  ['A32: 20,000 headers', upgrade('/ws', ...Array<string>(20_000).fill('a:'), WITH_KEY)],
]
const BEHIND = `GET /api/chat/tasks HTTP/1.1\r\nHost: gateway\r\n${WITH_KEY}\r\n\r\n`

export function trySockets(at: () => Siege): void {
  test.each(SHUT)('%s opens no socket', async (_, status, target, headers) => {
    const cookie = status === 403 ? [`Cookie: ${await pageCookie(at())}`] : []
    expect(await refused(at(), upgrade(target, ...headers, ...cookie))).toBe(status)
  })

  test.each(ELSEWHERE)('%s is no socket, and what stands behind it is no request', async (_, bytes) => {
    const wire = at().wire()
    await wire.write(bytes + BEHIND)
    await wire.over
    const told = String(wire.heard)
    expect(told).toMatch(/^HTTP\/1\.1 4\d\d /)
    expect(told.match(/HTTP\/1\.1/g)).toHaveLength(1)
    expect(told).not.toContain('"tasks"')
  })

  test('A34: a request behind an upgrade that was agreed to is no request either', async () => {
    const wire = at().wire()
    await wire.write(upgrade('/ws', WITH_KEY) + BEHIND)
    await wire.over
    expect(String(wire.heard)).toMatch(/^HTTP\/1\.1 101 /)
    expect(String(wire.heard)).not.toContain('"tasks"')
  })

  test.each(FRAMES)('%s closes the socket, and no other', async (_, bytes, codes) => {
    const stays = await opened(at())
    const wire = await opened(at())
    await wire.write(bytes)
    await wire.over
    const last = frames(wire).at(-1)
    expect([last?.opcode, codes.includes(last?.payload.readUInt16BE(0) ?? 0)]).toEqual([8, true])
    await stays.write(Buffer.from('89800000000a'.slice(0, 12), 'hex'))
    await stays.until(() => frames(stays).some(({ opcode }) => opcode === 10))
    stays.leave()
  })

  test('A31: compression is not agreed to', async () => {
    const wire = at().wire()
    await wire.write(
      upgrade('/ws', WITH_KEY, 'Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=15'),
    )
    await wire.until('\r\n\r\n')
    expect(String(wire.heard)).toMatch(/^HTTP\/1\.1 101 /)
    expect(String(wire.heard)).not.toMatch(/extensions/i)
    wire.leave()
  })

  test('A33: what a client says is told to nobody', async () => {
    const [talks, listens] = [await opened(at()), await opened(at())]
    for (const words of IGNORED) await talks.write(text(words))
    await appendFile(join(at().server.cwd, AGENT_LOG), 'a line of the agent\n')
    for (const wire of [talks, listens]) {
      await wire.until('a line of the agent')
      expect(String(wire.heard)).not.toMatch(/forged|polluted|subscribe/)
      wire.leave()
    }
  })
}
