import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Answer } from './answer.ts'
import { Departure } from './departure.ts'
import { drained } from './drained.ts'

/** The headers of an upstream's answer that pass to the browser. Everything else stays here. */
const PASSING = [
  'content-type',
  'content-disposition',
  'content-length',
  'content-range',
  'accept-ranges',
  'etag',
  'last-modified',
] as const

/**
 * Lets an upstream's answer through to the browser: status, the headers that may pass (`changes` over them), and the body as it comes. A
 * reader that takes nothing for `stallMs` is cut off. `gone` is what the answer was asked for with.
 */
export async function relay(
  reply: FastifyReply,
  answer: Answer,
  gone: Departure,
  stallMs: number,
  changes: Readonly<Record<string, string>> = {},
): Promise<void> {
  // A copy: what the guard has put on.
  const headers = reply.getHeaders() as Record<string, string>
  headers['cache-control'] = 'no-store'
  for (const name of PASSING) {
    const value = answer.header(name)
    if (value !== undefined) headers[name] = value
  }
  reply.hijack()
  reply.raw.writeHead(answer.status, Object.assign(headers, changes))
  await answer.pour(reply.raw, () => drained(reply.raw, stallMs, gone))
}

/** The bytes of a JSON body, as the parser left them; none is an empty body. */
export function bodyOf(request: FastifyRequest): Buffer {
  return Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
}

/** Aborts when the one who asked has gone. */
export function goneSignal(reply: FastifyReply): Departure {
  const gone = new Departure()
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) gone.abort()
  })
  return gone
}

/** The call that carries a body on as it comes, with the length the sender gave. */
export function sending(path: string, request: FastifyRequest, body: AsyncIterable<Buffer>) {
  const { 'content-type': type = '', 'content-length': length } = request.headers
  return {
    method: 'POST',
    path,
    headers: { 'content-type': type, ...(length !== undefined && { 'content-length': length }) },
    body,
  } as const
}
