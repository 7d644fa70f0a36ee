import { expect, test } from 'vitest'
import { computed } from '../faults/place.ts'
import { DONE, delta, sse } from '../rig/answers.ts'
import { eventually, gate } from '../rig/wait.ts'
import type { Wire } from '../rig/wire.ts'
import { KEY, request, type Siege, WITH_KEY } from './place.ts'

const BATCH = 100
const MB = 1 << 20
/** What one request may take of a processor: everybody else waits as long. */
const COSTS_MS = 1_000

const CHAT = '{"messages":[],"stream":true}'
const post = (path: string, body: string, ...headers: readonly string[]) =>
  request('POST', path, [WITH_KEY, `Content-Length: ${Buffer.byteLength(body)}`, ...headers], body)
const SOCKET = request('GET', '/ws', [
  WITH_KEY,
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==',
]).replace('Connection: close', 'Connection: Upgrade')

/** So many connections that say the same, each with the status it got. */
async function crowd(
  siege: Siege,
  count: number,
  bytes: string,
): Promise<readonly (readonly [Wire, number])[]> {
  const all: (readonly [Wire, number])[] = []
  while (all.length < count) {
    const some = Array.from({ length: Math.min(BATCH, count - all.length) }, async () => {
      const wire = siege.wire()
      await wire.write(bytes)
      await wire.until('\r\n\r\n')
      return [wire, Number(String(wire.heard.subarray(9, 12)))] as const
    })
    all.push(...(await Promise.all(some)))
  }
  return all
}
const leave = (all: Iterable<readonly [Wire, number]>) => {
  for (const [wire] of all) wire.leave()
}
const gauge = async (siege: Siege, name: string) =>
  Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(await (await siege.fetch('/metrics')).text())?.[1])

/** Bodies and headers that take as long to look at as such a thing can. */
const SLOW: readonly (readonly [name: string, bytes: () => string])[] = [
  [
    'A108: a megabyte of brackets',
    () => post('/api/chat', `{"messages":[],"d":${'['.repeat(5e5)}${']'.repeat(5e5)}}`),
  ],
  [
    'A108: 100,000 names',
    () =>
      post('/api/chat', `{"messages":[]${Array.from({ length: 100_000 }, (_, n) => `,"${n}":0`).join('')}}`),
  ],
  [
    'A108: names that are numbers in one order and the other',
    () =>
      post(
        '/api/chat',
        `{"messages":[]${Array.from({ length: 100_000 }, (_, n) => `,"${4e9 - n * 7}":0`).join('')}}`,
      ),
  ],
  [
    'A108: half a megabyte of brackets that never close',
    () => post('/api/chat', `{"messages":${'['.repeat(5e5)}`),
  ],
  ['A108: 3 MB of escapes', () => post('/api/chat', `{"messages":["${'\\u0041'.repeat(5e5)}"]}`)],
  ['A108: a form of a million fields', () => post('/', 'key=a&'.repeat(1e6))],
  ['A108: 9 MB that are no form', () => post('/', '%'.repeat(9e6))],
  [
    'A108: cookies that are almost ours',
    () => request('GET', '/', [`Cookie: ${'ghost_page=1.; '.repeat(1_000)}`]),
  ],
  ['A108: spaces between cookies', () => request('GET', '/', [`Cookie: ghost_page=1;${' '.repeat(15_000)}`])],
  ['A108: a path of percent signs', () => request('GET', `/api/download/${'%25'.repeat(5_000)}`, [WITH_KEY])],
  ['A108: a path of slashes', () => request('GET', `/${'/'.repeat(15_000)}`, [WITH_KEY])],
  ['A108: a query of keys', () => request('GET', `/?${'key=&'.repeat(3_000)}`)],
  [
    'A108: an origin that is almost one',
    () => request('POST', '/leave', [`Origin: http://${'a.'.repeat(7_000)}`]),
  ],
  [
    'A108: a range of ranges',
    () => request('GET', '/api/download/a', [WITH_KEY, `Range: bytes=${'0-0,'.repeat(3_500)}`]),
  ],
  [
    'A108: a type without end',
    () => post('/api/upload', 'x', `Content-Type: multipart/form-data;${' a=b;'.repeat(2_500)}`),
  ],
  [
    'A108: a form of nothing but boundaries',
    () => post('/api/upload', '--b\r\n'.repeat(1e6), 'Content-Type: multipart/form-data; boundary=b'),
  ],
  [
    'A108: a form of dashes',
    () => post('/api/upload', `--b${'-'.repeat(5e6)}`, 'Content-Type: multipart/form-data; boundary=b'),
  ],
]

export function tryCrowds(at: () => Siege): void {
  test.each(SLOW)('%s costs little', async (_, bytes) => {
    const said = Buffer.from(bytes(), 'latin1')
    const before = await computed(at().server)
    const [{ status }] = await Promise.all([at().say(said), at().server.fetch('/healthz')])
    expect(status).toBeLessThan(500)
    expect((await computed(at().server)) - before).toBeLessThan(COSTS_MS)
  })

  test('A45: a thousand requests in one breath are answered in order, and keep nobody else waiting', async () => {
    at().agent.play('GET /api/download/', (call) => {
      call.head(200, { 'content-type': 'text/plain' })
      call.end(`<${call.target.split('/').at(-1)}>`)
    })
    const one = (n: number) => `GET /api/download/${n} HTTP/1.1\r\nHost: gateway\r\n${WITH_KEY}\r\n\r\n`
    const wire = at().wire()
    await wire.write(Array.from({ length: 1_000 }, (_, n) => one(n)).join(''))
    const told = () => [...wire.heard.toString('latin1').matchAll(/<(\d+)>/g)].map(([, n]) => Number(n))
    await wire.until('<0>')
    expect((await at().server.fetch('/healthz')).status).toBe(200)
    expect(told().length).toBeLessThan(1_000)
    await eventually('all are answered', () => told().length === 1_000)
    expect(told()).toEqual(Array.from({ length: 1_000 }, (_, n) => n))
    wire.leave()
  })

  test('A60: of a thousand endless chats as many run as there is room for, and the rest is told so', async () => {
    const end = gate()
    at().agent.play('POST /api/chat', sse(delta('a'), end, DONE))
    const before = await at().server.residentBytes()
    const all = await crowd(at(), 1_000, post('/api/chat', CHAT))
    const [runs, refused] = [all.filter(([, it]) => it === 200), all.filter(([, it]) => it === 503)]
    expect([runs.length, refused.length]).toEqual([200, 800])
    for (const [wire] of refused) {
      expect(String(wire.heard)).toContain('"code":"at_capacity"')
      expect(String(wire.heard)).toMatch(/^retry-after: \d+\r$/im)
    }
    leave(refused)
    const id = /^x-task-id: (\S+)\r$/im.exec(String(runs[0]?.[0].heard))?.[1] ?? ''
    const readers = await crowd(at(), 1_000, request('GET', `/api/chat/resume/${id}`, [WITH_KEY]))
    expect(readers.filter(([, it]) => it !== 200)).toEqual([])
    expect((await at().server.residentBytes()) - before).toBeLessThan(300 * MB)
    end.open()
    await Promise.all([...runs, ...readers].map(([wire]) => wire.over))
    expect(String(readers.at(-1)?.[0].heard)).toContain('[DONE]')
    leave([...runs, ...readers])
    await eventually('nobody reads any more', async () => (await gauge(at(), 'ghost_readers')) === 0)
    expect(await gauge(at(), 'ghost_active_tasks')).toBe(0)
  })

  test('A32: a thousand sockets are let in or told that it is full, and forgotten when they leave', async () => {
    const before = await at().server.residentBytes()
    const all = await crowd(at(), 1_000, SOCKET)
    expect(all.filter(([, it]) => ![101, 429, 503].includes(it))).toEqual([])
    expect((await at().server.residentBytes()) - before).toBeLessThan(300 * MB)
    const chat = await at().fetch(`/?key=${encodeURIComponent(KEY)}`)
    expect(chat.status).toBe(200)
    leave(all)
    await eventually('all are forgotten', async () => (await gauge(at(), 'ghost_log_clients')) === 0)
  })
}
