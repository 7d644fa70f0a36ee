import { createHash, randomUUID } from 'node:crypto'
import { openSync, readSync, watch } from 'node:fs'
import { createServer, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { Pool } from 'undici'

/** A bare proxy of node:http and undici, for comparison: it passes chats on, keeps them to be read again, and passes uploads and a log on. */
const [port, agentPort, logFile = ''] = process.argv.slice(2)
const agent = new Pool(`http://127.0.0.1:${agentPort}`, {
  connections: null,
  pipelining: 1,
  bodyTimeout: 0,
  headersTimeout: 0,
})
const SLAB = 1 << 20
const logs = new Map<string, { slabs: Buffer[]; used: number }>()

function keep(log: { slabs: Buffer[]; used: number }, chunk: Buffer): void {
  let slab = log.slabs.at(-1)
  if (!slab || slab.length - log.used < chunk.length) {
    if (slab) log.slabs[log.slabs.length - 1] = slab.subarray(0, log.used)
    slab = Buffer.allocUnsafeSlow(slab ? SLAB : Math.max(4096, chunk.length))
    log.slabs.push(slab)
    log.used = 0
  }
  chunk.copy(slab, log.used)
  log.used += chunk.length
}

const server = createServer((request, response) => {
  const { method = 'GET', url = '/' } = request
  const resumed = /^\/api\/chat\/resume\/([\w-]+)/.exec(url)?.[1]
  if (resumed !== undefined) {
    const log = logs.get(resumed)
    for (const [i, slab] of (log?.slabs ?? []).entries())
      response.write(i === (log?.slabs.length ?? 0) - 1 ? slab.subarray(0, log?.used) : slab)
    return void response.end()
  }
  if (url === '/api/upload') {
    agent.stream(
      {
        path: url,
        method: 'POST',
        headers: { 'content-type': request.headers['content-type'] ?? '' },
        body: request,
      },
      ({ statusCode }) => response.writeHead(statusCode),
      () => {},
    )
    return
  }
  if (url !== '/api/chat') return void response.end('ok')
  const body: Buffer[] = []
  request
    .on('data', (chunk: Buffer) => body.push(chunk))
    .on('end', () => pass(url, method, Buffer.concat(body), response))
})

function pass(path: string, method: string, body: Buffer, response: ServerResponse): void {
  const id = randomUUID()
  const log = { slabs: [], used: 0 }
  let waiting: Buffer[] = []
  agent.dispatch(
    { path, method: method as 'POST', headers: { 'content-type': 'application/json' }, body },
    {
      onRequestStart() {},
      onResponseStart(_, status, headers) {
        const isStream = headers['content-length'] === undefined
        if (isStream) logs.set(id, log)
        const type = String(headers['content-type'])
        response.writeHead(
          status,
          isStream
            ? { 'content-type': type, 'x-task-id': id }
            : { 'content-type': type, 'content-length': String(headers['content-length']) },
        )
        response.flushHeaders()
      },
      onResponseData(_, chunk) {
        keep(log, chunk)
        waiting.push(chunk)
        if (waiting.length > 1) return
        process.nextTick(() => {
          response.write(waiting.length === 1 ? waiting[0] : Buffer.concat(waiting))
          waiting = []
        })
      },
      onResponseEnd: () => void process.nextTick(() => response.end()),
      onResponseError: () => void response.destroy(),
    },
  )
}

const listeners = new Set<Duplex>()
server.on('upgrade', (request, socket) => {
  const accept = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64')
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  )
  listeners.add(socket.on('error', () => {}).on('close', () => listeners.delete(socket)))
  if (listeners.size === 1) follow()
})

function follow(): void {
  const file = openSync(logFile, 'r')
  const room = Buffer.alloc(1 << 20)
  let at = 0
  watch(logFile, () => {
    const read = readSync(file, room, 0, room.length, at)
    const end = room.subarray(0, read).lastIndexOf(10) + 1
    at += end
    if (end === 0) return
    const frames = room
      .toString('utf8', 0, end)
      .trimEnd()
      .split('\n')
      .map((content) => {
        const text = Buffer.from(
          JSON.stringify({ type: 'log', content, is_error: /ERROR|Exception/.test(content) }),
        )
        return Buffer.concat([
          text.length < 126
            ? Buffer.from([0x81, text.length])
            : Buffer.from([0x81, 126, text.length >> 8, text.length & 255]),
          text,
        ])
      })
    const all = Buffer.concat(frames)
    for (const socket of listeners) socket.write(all)
  })
}
server.listen(Number(port), '127.0.0.1')
