import { createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import type { Readable } from 'node:stream'
import { finished, pipeline } from 'node:stream/promises'
import busboy from 'busboy'
import { Refusal } from './refusal.ts'

/** busboy sets hardly any limit of its own. */
const LIMITS = { files: 10, fields: 50, parts: 60, headerPairs: 100, fieldSize: 65_536, fieldNameSize: 200 }

export interface Received {
  /** As the sender calls it, folders cut off. */
  readonly name: string
  readonly size: number
}

/**
 * Streams the part `file` of a multipart body into the new file `target`. On any failure the file is removed.
 * The body is read to its end or left; a refusal never closes the connection, so that its answer arrives.
 * @throws Refusal missing_file, body_too_large, invalid_request
 */
export async function receiveFile(
  request: IncomingMessage,
  target: string,
  limitBytes: number,
): Promise<Received> {
  const form = openForm(request)
  let saving = undefined as Promise<Received> | undefined
  form.on('file', (field, stream, { filename }) => {
    // busboy destroys the stream of the part it is in when the form ends early; an error nobody hears ends the process.
    stream.on('error', () => {})
    if (field !== 'file') return void stream.resume()
    if (saving) return void form.destroy(new Refusal('invalid_request', 'more than one part named file'))
    saving = save(stream, target, limitBytes).then((size) => ({ name: filename ?? '', size }))
    saving.catch((error) => form.destroy(error))
  })
  form.on('field', (field) => {
    if (field === 'file') form.destroy(new Refusal('missing_file', 'the part named file is text, not a file'))
  })
  for (const limit of ['partsLimit', 'filesLimit', 'fieldsLimit'] as const)
    form.on(limit, () => form.destroy(new Refusal('invalid_request', 'too many parts')))
  const broken = () => {
    if (!request.complete) form.destroy(new Refusal('invalid_request', 'the body broke off'))
  }
  request.once('close', broken)
  try {
    request.pipe(form)
    await finished(form)
    if (!saving) throw new Refusal('missing_file', 'there is no part named file')
    return await saving
  } catch (error) {
    await saving?.catch(() => {})
    await rm(target, { force: true })
    throw error instanceof Error && error.constructor === Error && !('code' in error)
      ? new Refusal('invalid_request', `the multipart body is wrong: ${error.message}`)
      : error
  } finally {
    request.off('close', broken)
    request.unpipe(form)
    request.resume()
  }
}

function openForm(request: IncomingMessage): busboy.Busboy {
  try {
    return busboy({ headers: request.headers, defParamCharset: 'utf8', limits: LIMITS })
  } catch (error) {
    throw new Refusal('invalid_request', `the multipart body is wrong: ${(error as Error).message}`)
  }
}

async function save(stream: Readable, target: string, limitBytes: number): Promise<number> {
  let size = 0
  await pipeline(
    stream,
    async function* count(chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        size += chunk.length
        if (size > limitBytes) throw new Refusal('body_too_large', `more than ${limitBytes} bytes`)
        yield chunk
      }
    },
    createWriteStream(target, { flags: 'wx' }),
  )
  return size
}
