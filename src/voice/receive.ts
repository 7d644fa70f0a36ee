import { createWriteStream } from 'node:fs'
import type { IncomingMessage } from 'node:http'
import { pipeline } from 'node:stream/promises'
import busboy from 'busboy'
import { Refusal } from './refusal.ts'

/** busboy sets hardly any limit of its own. */
const LIMITS = { files: 5, fields: 20, parts: 25, headerPairs: 100, fieldSize: 65_536, fieldNameSize: 200 }

/**
 * Streams the part `file` of a multipart body into the new file `target`. The name that its sender gave it is not looked at.
 * A refusal leaves the connection open, so that it arrives.
 * @throws Refusal missing_file, body_too_large, invalid_request; the signal's reason
 */
export async function receive(
  request: IncomingMessage,
  target: string,
  maxBytes: number,
  signal: AbortSignal,
): Promise<void> {
  const form = openForm(request)
  let saving: Promise<void> | undefined
  let tooLarge: Refusal | undefined
  form.on('file', (field, stream) => {
    // busboy destroys the stream of the part it is in when the form ends early; an error nobody hears ends the process.
    stream.on('error', () => {})
    if (field !== 'file' || saving) return void stream.resume()
    saving = pipeline(stream, createWriteStream(target, { flags: 'wx' }))
    saving.catch((error) => form.destroy(error))
    stream.once('limit', () => {
      tooLarge = new Refusal('body_too_large', `more than ${maxBytes} bytes`)
      form.destroy(tooLarge)
    })
  })
  try {
    await pipeline(request.iterator({ destroyOnReturn: false }), form, { signal })
    await saving
  } catch (error) {
    await saving?.catch(() => {})
    signal.throwIfAborted()
    throw tooLarge ?? new Refusal('invalid_request', 'the multipart body is wrong', { cause: error })
  } finally {
    request.resume()
  }
  if (!saving) throw new Refusal('missing_file', 'there is no part named file')

  function openForm(of: IncomingMessage): busboy.Busboy {
    try {
      return busboy({ headers: of.headers, limits: { ...LIMITS, fileSize: maxBytes + 1 } })
    } catch {
      throw new Refusal('missing_file', 'the body must be multipart/form-data with a part named file')
    }
  }
}
