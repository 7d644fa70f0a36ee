import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'

/** What the agent is to answer; a request names it in its body, where the gateway passes on what it does not know. */
export interface Play {
  /** Events to send. Undefined: one JSON answer. 0: none, and the answer stays open. */
  readonly events?: number
  /** Bytes of each event, with its blank line. */
  readonly size?: number
  /** Events a second; 0: as fast as they are taken. */
  readonly rate?: number
  /** Words of a model, as a page shows them. */
  readonly text?: boolean
}

const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n'
const LAST = Buffer.from('0\r\n\r\n')
const ANSWER = JSON.stringify({
  id: 'chatcmpl-1',
  object: 'chat.completion',
  choices: [{ index: 0, finish_reason: 'stop', message: { role: 'assistant', content: 'It is done.' } }],
})
const JSON_ANSWER = `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: ${ANSWER.length}\r\n\r\n${ANSWER}`
const BLOCK_BYTES = 64 << 10
export const STAMP_DIGITS = 14
/** Every event of a steady stream says when it was sent. */
export const MARK = 'data: {"t":'

/** One event as one HTTP chunk. */
function chunk(size: number): Buffer {
  const text = `${MARK}${'0'.padEnd(STAMP_DIGITS)},"x":"`
  const event = `${text}${'x'.repeat(Math.max(0, size - text.length - 4))}"}\n\n`
  return Buffer.from(`${event.length.toString(16)}\r\n${event}\r\n`)
}

/** The same, sent now. */
function stamped(one: Buffer, stamp: string): Buffer {
  const copy = Buffer.from(one)
  copy.write(stamp, one.indexOf(MARK) + MARK.length, 'latin1')
  return copy
}

const DELTA = `data: ${JSON.stringify({ choices: [{ index: 0, delta: { content: 'word ' }, finish_reason: null }] })}\n\n`
const WORD = Buffer.from(`${DELTA.length.toString(16)}\r\n${DELTA}\r\n`)

/** An agent that plays what each request asks for: raw sockets, so that it costs as little as can be. */
export class Agent {
  readonly #sockets = new Set<Socket>()
  readonly #server = createServer((socket) => this.#take(socket))
  /** Streams at a steady rate, and how much each still has to send. */
  readonly #steady = new Set<{
    socket: Socket
    left: number
    one: Buffer
    rate: number
    sent: number
    from: number
  }>()
  #timer: NodeJS.Timeout | undefined

  static async start(): Promise<Agent> {
    const agent = new Agent()
    agent.#server.listen(0, '127.0.0.1')
    await once(agent.#server, 'listening')
    return agent
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  close(): void {
    clearInterval(this.#timer)
    for (const socket of this.#sockets) socket.destroy()
    this.#server.close()
  }

  #take(socket: Socket): void {
    this.#sockets.add(socket)
    socket.setNoDelay(true)
    socket.on('error', () => {})
    socket.on('close', () => this.#sockets.delete(socket))
    this.#hear(socket)
  }

  #hear(socket: Socket): void {
    let text = ''
    let swallow = 0
    socket.on('data', (bytes: Buffer) => {
      if (swallow > 0) {
        swallow -= bytes.length
        if (swallow <= 0) socket.write(JSON_ANSWER)
        return
      }
      text += bytes.toString('latin1')
      for (;;) {
        const end = text.indexOf('\r\n\r\n')
        if (end < 0) return
        const head = text.slice(0, end)
        const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
        if (/^POST \/api\/upload /.test(head)) {
          if (length === 0) return this.#drain(socket)
          swallow = length - (text.length - end - 4)
          text = ''
          if (swallow <= 0) socket.write(JSON_ANSWER)
          return
        }
        if (text.length < end + 4 + length) return
        const body = text.slice(end + 4, end + 4 + length)
        text = text.slice(end + 4 + length)
        this.#answer(socket, head, body)
      }
    })
  }

  /** An upload in HTTP chunks: over at its last one. */
  #drain(socket: Socket): void {
    socket.removeAllListeners('data')
    socket.on('data', (bytes: Buffer) => {
      if (bytes.subarray(-5).equals(LAST)) {
        socket.write(JSON_ANSWER)
        socket.removeAllListeners('data')
        this.#hear(socket)
      }
    })
  }

  #answer(socket: Socket, head: string, body: string): void {
    if (!head.startsWith('POST /api/chat ')) return void socket.write(JSON_ANSWER)
    const { play = {} } = JSON.parse(body) as { play?: Play }
    const { events, size = 160, rate = 0, text = false } = play
    if (events === undefined) return void socket.write(JSON_ANSWER)
    socket.write(HEAD)
    if (events === 0) return
    if (rate === 0) return flood(socket, events, text ? WORD : chunk(size))
    this.#steady.add({ socket, left: events, one: chunk(size), rate, sent: 0, from: performance.now() })
    this.#timer ??= setInterval(() => this.#tick(), 1)
  }

  /** Those that began in one moment do not send in one moment: each has its place in the interval. */
  #tick(): void {
    const now = performance.now()
    const stamp = now.toFixed(3)
    let place = 0
    for (const stream of this.#steady) {
      place = (place + 0.618) % 1
      const due = Math.min(stream.left + stream.sent, ((now - stream.from) / 1000) * stream.rate + place)
      for (; stream.sent + 1 <= due; stream.sent++, stream.left--)
        stream.socket.write(stamped(stream.one, stamp))
      if (stream.left > 0 && !stream.socket.destroyed) continue
      stream.socket.write(LAST)
      this.#steady.delete(stream)
    }
  }
}

function flood(socket: Socket, events: number, one: Buffer): void {
  const perBlock = Math.max(1, Math.floor(BLOCK_BYTES / one.length))
  const block = Buffer.concat(Array<Buffer>(perBlock).fill(one))
  let left = events
  const more = () => {
    while (left > 0) {
      const count = Math.min(left, perBlock)
      left -= count
      if (!socket.write(count === perBlock ? block : block.subarray(0, count * one.length)) && left > 0)
        return void socket.once('drain', more)
    }
    socket.write(LAST)
  }
  more()
}
