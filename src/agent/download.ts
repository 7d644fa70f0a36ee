import { Readable } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Journal } from './journal.ts'
import { Refusal } from './refusal.ts'
import type { OpenFile, Workspace } from './workspace.ts'

/** What a browser may be told a file is. Everything else, above all what could run, is bytes. */
const TYPES: Readonly<Record<string, string>> = {
  avif: 'image/avif',
  bmp: 'image/bmp',
  gif: 'image/gif',
  jpeg: 'image/jpeg',
  jpg: 'image/jpeg',
  png: 'image/png',
  webp: 'image/webp',
  mp3: 'audio/mpeg',
  ogg: 'audio/ogg',
  wav: 'audio/wav',
  mp4: 'video/mp4',
  webm: 'video/webm',
  pdf: 'application/pdf',
  zip: 'application/zip',
  json: 'application/json',
  csv: 'text/csv; charset=utf-8',
  log: 'text/plain; charset=utf-8',
  md: 'text/markdown; charset=utf-8',
  txt: 'text/plain; charset=utf-8',
}

/** Bytes of a file, both ends included. */
export interface Span {
  readonly start: number
  readonly end: number
}

/** Answers GET and HEAD of one file, as the whole, one range of it, or as unchanged. */
export async function download(
  workspace: Workspace,
  journal: Journal,
  request: FastifyRequest,
  reply: FastifyReply,
) {
  const path = (request.params as { readonly '*': string })['*']
  const file = await workspace.open(path)
  // Not in a generator's `finally`: one that was never begun, since the reader left first, does not run it.
  const close = () => void file.handle.close().catch(() => {})
  if (reply.raw.closed) close()
  else reply.raw.once('close', close)

  reply.headers({
    etag: file.etag,
    'last-modified': file.modified.toUTCString(),
    'accept-ranges': 'bytes',
    'cache-control': 'private, no-cache',
  })
  if (isUnchanged(request.headers, file)) return reply.code(304).send()

  const range = wantsRange(request.headers, file) ? spanOf(request.headers.range, file.size) : undefined
  if (range === 'beyond') {
    reply.header('content-range', `bytes */${file.size}`)
    throw new Refusal('range_not_satisfiable', `the file has ${file.size} bytes`)
  }
  const span = range ?? { start: 0, end: file.size - 1 }
  if (range) reply.code(206).header('content-range', `bytes ${span.start}-${span.end}/${file.size}`)
  const name = path.slice(path.lastIndexOf('/') + 1)
  const extension = name.slice(name.lastIndexOf('.') + 1).toLowerCase()
  reply.headers({
    'content-type': TYPES[extension] ?? 'application/octet-stream',
    'content-disposition': attachment(name),
    'content-length': span.end - span.start + 1,
    'x-content-type-options': 'nosniff',
  })
  if (request.method === 'HEAD') return reply.send()
  const bytes = Readable.from(bytesOf(file, span), { objectMode: false })
  bytes.once('error', (error) => journal.error(error))
  return reply.send(bytes)
}

/** `attachment` with an ASCII name for old readers and the true one beside it. */
export function attachment(name: string): string {
  const ascii = name.replace(/[^\x20-\x7e]/g, '_').replace(/["\\%]/g, '_')
  const exact = encodeURIComponent(name).replace(
    /['()*]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename="${ascii}"; filename*=UTF-8''${exact}`
}

/** One range in bytes; `undefined` when the header is none that is understood, so that the whole file is sent. */
export function spanOf(header: string | undefined, size: number): Span | 'beyond' | undefined {
  const match = /^bytes=\s*(\d{0,15})-(\d{0,15})\s*$/i.exec(header ?? '')
  if (!match) return undefined
  const [, first = '', last = ''] = match
  if (first === '' && last === '') return undefined
  if (first === '') {
    const count = Number(last)
    return count === 0 || size === 0 ? 'beyond' : { start: Math.max(0, size - count), end: size - 1 }
  }
  const start = Number(first)
  if (last !== '' && Number(last) < start) return undefined
  return start >= size ? 'beyond' : { start, end: last === '' ? size - 1 : Math.min(Number(last), size - 1) }
}

function isUnchanged(headers: FastifyRequest['headers'], file: OpenFile): boolean {
  const tags = headers['if-none-match']
  if (tags !== undefined)
    return tags.split(',').some((tag) => ['*', file.etag].includes(tag.trim().replace(/^W\//, '')))
  const since = Date.parse(headers['if-modified-since'] ?? '')
  return Math.floor(file.modified.getTime() / 1000) * 1000 <= since
}

function wantsRange(headers: FastifyRequest['headers'], file: OpenFile): boolean {
  const condition = headers['if-range']
  return condition === undefined || condition === file.etag || condition === file.modified.toUTCString()
}

async function* bytesOf(file: OpenFile, { start, end }: Span): AsyncGenerator<Buffer> {
  let missing = end - start + 1
  if (missing === 0) return
  for await (const chunk of file.handle.createReadStream({ start, end, autoClose: false })) {
    missing -= chunk.length
    yield chunk
  }
  // Its length was promised: the connection has to break, or the reader would wait for the rest.
  if (missing > 0) throw new Error('the file became shorter while it was read')
}
