import { once } from 'node:events'
import { type ClientHttp2Session, type ClientHttp2Stream, connect, constants } from 'node:http2'
import { EventReader } from './events.ts'
import { KEY } from './rig.ts'
import { deferred, within } from './wait.ts'

export interface Answer2 {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly stream: ClientHttp2Stream
  /** All of the body; fails when it breaks off. */
  bytes(): Promise<Buffer>
  text(): Promise<string>
  json(): Promise<unknown>
  events(): EventReader
}

/** One connection of HTTP/2, as a browser has to a host. */
export interface Connection2 extends AsyncDisposable {
  readonly session: ClientHttp2Session
  /** Asks with the key. */
  ask(method: string, path: string, options?: Asking): Promise<Answer2>
  /** A request whose body is still to be written. */
  open(method: string, path: string, headers?: Record<string, string>): Opened
}

export interface Asking {
  readonly headers?: Record<string, string>
  readonly body?: string | Buffer
}

export interface Opened {
  readonly stream: ClientHttp2Stream
  readonly answer: Promise<Answer2>
}

export async function connect2(url: string): Promise<Connection2> {
  const session = connect(url, { rejectUnauthorized: false, maxSessionMemory: 256 })
  session.on('error', () => {})
  await within('a connection of HTTP/2', once(session, 'connect'))
  const open: Connection2['open'] = (method, path, headers = {}) => {
    const stream = session.request(
      { ':method': method, ':path': path, 'x-ghost-key': KEY, ...headers },
      { endStream: false },
    )
    return { stream, answer: answerOf(stream) }
  }
  return {
    session,
    open,
    ask(method, path, { headers = {}, body } = {}) {
      const { stream, answer } = open(method, path, headers)
      stream.end(body)
      return within(`the answer to ${method} ${path}`, answer)
    },
    async [Symbol.asyncDispose]() {
      session.destroy()
    },
  }
}

function answerOf(stream: ClientHttp2Stream): Promise<Answer2> {
  const { promise, resolve, reject } = deferred<Answer2>()
  stream.on('error', reject)
  stream.on('close', () => reject(new Error(`closed with ${stream.rstCode} before an answer`)))
  stream.on('response', ({ ':status': status = 0, ...headers }) =>
    resolve({
      status,
      headers,
      stream,
      bytes: () => bytesOf(stream),
      text: async () => String(await bytesOf(stream)),
      json: async () => JSON.parse(String(await bytesOf(stream))),
      events: () => new EventReader(whole(stream)),
    }),
  )
  promise.catch(() => {})
  return promise
}

async function bytesOf(stream: ClientHttp2Stream): Promise<Buffer> {
  const pieces: Uint8Array[] = []
  for await (const piece of whole(stream)) pieces.push(piece)
  return Buffer.concat(pieces)
}

/** Node ends the stream of a body that was reset without an error as if it were whole. */
async function* whole(stream: ClientHttp2Stream): AsyncGenerator<Uint8Array> {
  const closed = deferred<void>()
  if (stream.destroyed) closed.resolve()
  else stream.once('close', closed.resolve)
  try {
    yield* stream
  } catch (error) {
    // So it calls it, too, when an answer came before all of the question was sent.
    if ((error as NodeJS.ErrnoException).code !== 'ERR_STREAM_PREMATURE_CLOSE') throw error
  }
  await closed.promise
  if (stream.rstCode !== constants.NGHTTP2_NO_ERROR) throw new Error(`reset with ${stream.rstCode}`)
}
