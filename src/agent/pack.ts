import { PassThrough, type Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import yazl from 'yazl'
import { plainPath } from './path.ts'
import { Refusal } from './refusal.ts'
import type { OpenFile, Place, Workspace } from './workspace.ts'

/** What may be packed and unpacked. The same both ways, so that what is saved can be loaded. */
export interface ArchiveLimits {
  readonly bytes: number
  readonly entries: number
  /** Inflated bytes to archive bytes, looked at above `ratioFloor` inflated bytes. */
  readonly ratio: number
  readonly ratioFloor: number
}
export const ARCHIVE: ArchiveLimits = {
  bytes: 500_000_000,
  entries: 10_000,
  ratio: 100,
  ratioFloor: 64_000_000,
}

/** Where a saved archive keeps the conversation. It is not a file of the workspace. */
export const CONVERSATION = '.ghost/conversation.json'

export interface Packed {
  readonly stream: Readable
  readonly files: number
  readonly bytes: number
  /** Files whose names no archive can carry safely. */
  readonly skipped: readonly string[]
}

/**
 * The workspace as a zip, made while it is read. Links are not followed, files that vanish meanwhile are left out,
 * and a failure destroys the stream, so that a part is never taken for the whole.
 * @throws Refusal workspace_too_large before the first byte
 */
export async function pack(
  workspace: Workspace,
  conversation: unknown,
  limits: ArchiveLimits = ARCHIVE,
): Promise<Packed> {
  const { places, skipped, bytes } = await survey(workspace, limits)
  const zip = new yazl.ZipFile()
  const stream = new PassThrough()
  zip.outputStream.pipe(stream)
  zip.on('error', (error: Error) => stream.destroy(error))
  void fill(zip, workspace, places, stream)
    .then(() => {
      if (conversation !== undefined) {
        zip.addBuffer(Buffer.from(JSON.stringify(conversation, null, 2)), CONVERSATION)
      }
      zip.end()
    })
    .catch((error) => stream.destroy(error as Error))
  return { stream, files: places.filter((place) => !place.folder).length, bytes, skipped }
}

async function survey(workspace: Workspace, limits: ArchiveLimits) {
  const places: Place[] = []
  const skipped: string[] = []
  let bytes = 0
  for await (const place of workspace.walk({ hidden: true })) {
    if (place.path === CONVERSATION) continue
    if (!isPlain(place.path)) {
      skipped.push(place.path)
      continue
    }
    places.push(place)
    bytes += place.folder ? 0 : await sizeOf(workspace, place)
    if (bytes > limits.bytes || places.length >= limits.entries)
      throw new Refusal(
        'workspace_too_large',
        `the workspace has more than ${limits.bytes} bytes or ${limits.entries} files`,
      )
  }
  return { places, skipped, bytes }
}

/** One file after the other: the next is opened when the last has been read. */
async function fill(zip: yazl.ZipFile, workspace: Workspace, places: readonly Place[], out: Readable) {
  for (const place of places) {
    if (out.destroyed) return
    if (place.folder) {
      zip.addEmptyDirectory(place.path)
      continue
    }
    const file = await vanishing(workspace.openPlace(place))
    if (!file) continue
    try {
      await add(zip, place.path, file, out)
    } finally {
      await file.handle.close()
    }
  }
}

async function add(zip: yazl.ZipFile, path: string, file: OpenFile, out: Readable): Promise<void> {
  const about = { mtime: file.modified, mode: 0o100644 }
  if (file.size === 0) return zip.addBuffer(Buffer.alloc(0), path, about)
  // Up to the size it had when it was opened: a log that grows as fast as it is read would never end.
  const source = file.handle.createReadStream({ end: file.size - 1, autoClose: false })
  const stop = () => source.destroy()
  out.once('close', stop)
  zip.addReadStream(source, path, about)
  try {
    await finished(source)
  } finally {
    out.off('close', stop)
  }
}

async function sizeOf(workspace: Workspace, place: Place): Promise<number> {
  const file = await vanishing(workspace.openPlace(place))
  await file?.handle.close()
  return file?.size ?? 0
}

async function vanishing(opening: Promise<OpenFile>): Promise<OpenFile | undefined> {
  return opening.catch((error) => {
    if (error instanceof Refusal && error.code === 'not_found') return undefined
    throw error
  })
}

function isPlain(path: string): boolean {
  try {
    // Another form of Unicode is no danger, only another name.
    return plainPath(path) === path.normalize('NFC')
  } catch {
    return false
  }
}
