import type { IncomingMessage } from 'node:http'
import busboy from 'busboy'
import { Fault } from './fault.ts'

/** What is held of a body while its `file` part is looked for. A part that begins later is found on the way. */
const HEAD_BYTES = 1 << 20

/**
 * Looks into a multipart body as far as its `file` part begins, then gives the whole body as it came, counted. Nothing but the begin
 * is ever held.
 * @throws Fault `missing_file`, `body_too_large`; both also from within the iteration
 */
export async function withFile(request: IncomingMessage, maxBytes: number): Promise<AsyncIterable<Buffer>> {
  const tooLarge = () => new Fault('body_too_large', `the body may have ${maxBytes} bytes`)
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge()
  const search = searchFile(request)
  const chunks = request.iterator({ destroyOnReturn: false })
  const head: Buffer[] = []
  let size = 0
  const next = async (): Promise<Buffer | undefined> => {
    const { value, done } = await chunks.next()
    if (done) {
      if (!search.found()) throw missing('the body has no part `file`')
      return undefined
    }
    size += value.length
    if (size > maxBytes) throw tooLarge()
    if (!search.found()) await search.look(value)
    return value
  }
  while (size <= HEAD_BYTES && !search.found()) {
    const chunk = await next()
    if (chunk) head.push(chunk)
  }
  return (async function* () {
    // The last chunk has to wait until it is known whether a file was among them: after it the receiver takes the body for whole.
    while (!search.found()) {
      const chunk = await next()
      yield* head.splice(0)
      if (chunk) head.push(chunk)
    }
    yield* head.splice(0)
    for (let chunk = await next(); chunk; chunk = await next()) yield chunk
  })()
}

function missing(message: string): Fault {
  return new Fault('missing_file', `${message}: send multipart/form-data with the file in it`)
}

function searchFile(request: IncomingMessage): { found(): boolean; look(chunk: Buffer): Promise<void> } {
  let seen: 'file' | 'text' | undefined
  let broken: string | undefined
  const parser = (() => {
    try {
      return busboy({ headers: request.headers, limits: { fieldSize: HEAD_BYTES, headerPairs: 100 } })
    } catch {
      throw missing('the body is not multipart')
    }
  })()
  parser.on('file', (name, file) => {
    if (name === 'file') seen ??= 'file'
    file.resume()
  })
  parser.on('field', (name) => {
    if (name === 'file') seen ??= 'text'
  })
  parser.on('error', (error) => {
    broken = error instanceof Error ? error.message : 'malformed'
  })
  return {
    found() {
      if (seen === 'text') throw missing('the part `file` is a text field')
      if (seen === undefined && broken !== undefined)
        throw missing(`the multipart body is broken (${broken})`)
      return seen === 'file'
    },
    /** The parser may first have to let go of the part before. */
    look: (chunk) =>
      new Promise((resolve) => {
        if (parser.destroyed) resolve()
        else parser.write(chunk, () => resolve())
      }),
  }
}
