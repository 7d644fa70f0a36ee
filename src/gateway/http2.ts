import type { ServerResponse } from 'node:http'
import { constants, Http2ServerRequest, Http2ServerResponse, type ServerHttp2Stream } from 'node:http2'

/**
 * Node's HTTP/2 requests and answers, where they differ from those of HTTP/1.1 in what everything here relies on: that a body which broke
 * off does not end, that an answer which broke off was not finished, and that one can see when the other side takes no more.
 */
export class Request2 extends Http2ServerRequest {
  #over = false

  constructor(...args: ConstructorParameters<typeof Http2ServerRequest>) {
    super(...args)
    // A body without a length needs no header to be there, but whoever decides by headers would take it for none.
    if (!this.stream.endAfterHeaders && this.headers['content-length'] === undefined)
      this.headers['transfer-encoding'] = 'chunked'
    // Whoever reads the body is told; whoever does not need not care.
    this.on('error', () => {})
  }

  override push(chunk: unknown, encoding?: BufferEncoding): boolean {
    if (chunk !== null) return super.push(chunk, encoding)
    if (!this.#over && (this.stream.aborted || this.stream.destroyed))
      this.destroy(new Error('the request broke off'))
    this.#over = true
    return this.destroyed ? false : super.push(null)
  }
}

/** By its types a Writable, which it is not: what follows is what it lacks. */
const Bare = Http2ServerResponse as unknown as new (
  stream: ServerHttp2Stream,
) => { readonly stream: ServerHttp2Stream }

export class Response2 extends Bare {
  get destroyed(): boolean {
    return this.stream.destroyed
  }

  get writableNeedDrain(): boolean {
    return this.stream.writableNeedDrain
  }

  /** A stream that is reset ends its writing first. */
  get writableFinished(): boolean {
    return this.stream.writableFinished && !this.stream.aborted
  }

  /** Without a code it would look like the end. */
  destroy(): this {
    this.stream.close(constants.NGHTTP2_INTERNAL_ERROR)
    return this
  }
}

/** The stream under an answer, where that is HTTP/2. */
export function streamOf(response: ServerResponse): ServerHttp2Stream | undefined {
  const it: unknown = response
  return it instanceof Http2ServerResponse ? it.stream : undefined
}
