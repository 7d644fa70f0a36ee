import { createWriteStream } from 'node:fs'
import { mkdir, rm, stat, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { crc32 } from 'node:zlib'
import yauzl, { type Entry, type ZipFile } from 'yauzl'
import { ARCHIVE, type ArchiveLimits, CONVERSATION } from './pack.ts'
import { plainPath } from './path.ts'
import { Refusal } from './refusal.ts'

const CONVERSATION_BYTES = 64_000_000

export interface Unpacked {
  readonly files: number
  /** Inflated bytes, as counted. */
  readonly bytes: number
  /** What was saved beside the files, if it was; it is not among them. */
  readonly conversation: unknown
}

/**
 * Unpacks `archive` into the new folder `target`. Nothing that the archive says of itself is believed: names, kinds, sizes and
 * sums are all checked, bytes are counted as they come. On any failure the folder is removed.
 * @throws Refusal unsafe_archive, invalid_archive, archive_too_large
 */
export async function unpack(
  archive: string,
  target: string,
  limits: ArchiveLimits = ARCHIVE,
): Promise<Unpacked> {
  try {
    await mkdir(target)
    return await unpackAll(archive, target, limits)
  } catch (error) {
    await rm(target, { recursive: true, force: true })
    throw asArchiveRefusal(error)
  }
}

async function unpackAll(archive: string, target: string, limits: ArchiveLimits): Promise<Unpacked> {
  const { size } = await stat(archive)
  // Names are decoded below, so that a bad one is told from a damaged archive.
  const zip = await yauzl.openPromise(archive, {
    lazyEntries: true,
    decodeStrings: false,
    validateEntrySizes: false,
  })
  // No more than it announces are ever read.
  if (zip.entryCount > limits.entries) {
    zip.close()
    throw tooLarge(`more than ${limits.entries} entries`)
  }
  const count = counter(size, limits)
  const names = registry()
  let files = 0
  let conversation: unknown
  for await (const entry of zip.eachEntry()) {
    const { path, folder } = checked(entry, limits)
    names.take(path, folder)
    if (folder) {
      await mkdir(join(target, path), { recursive: true })
      continue
    }
    if (path === CONVERSATION) {
      conversation = await readConversation(zip, entry, count)
      continue
    }
    await mkdir(dirname(join(target, path)), { recursive: true })
    const out = createWriteStream(join(target, path), { flags: 'wx' })
    await pipeline(await zip.openReadStreamPromise(entry), verified(entry, count), out)
    const modified = entry.getLastModDate()
    if (!Number.isNaN(modified.getTime())) await utimes(join(target, path), modified, modified)
    files++
  }
  return { files, bytes: count.total(), conversation }
}

/** An entry's name and kind, if both are harmless. */
function checked(entry: Entry, limits: ArchiveLimits): { path: string; folder: boolean } {
  const raw = yauzl.getFileNameLowLevel(
    entry.generalPurposeBitFlag,
    entry.fileName as unknown as Buffer,
    entry.extraFields,
    true,
  )
  if (entry.isEncrypted()) throw new Refusal('unsafe_archive', `${shown(raw)} is encrypted`)
  const kind = (entry.externalFileAttributes >>> 16) & 0o170000
  if (kind !== 0 && kind !== 0o100000 && kind !== 0o040000)
    throw new Refusal('unsafe_archive', `${shown(raw)} is neither a file nor a folder`)
  if (entry.uncompressedSize > limits.bytes) throw tooLarge(`${shown(raw)} is too large`)
  const folder = raw.endsWith('/')
  if (kind !== 0 && folder !== (kind === 0o040000))
    throw new Refusal('unsafe_archive', `${shown(raw)} is not what its name says`)
  try {
    return { path: plainPath(folder ? raw.slice(0, -1) : raw), folder }
  } catch (error) {
    throw new Refusal('unsafe_archive', `the name ${shown(raw)}: ${(error as Error).message}`)
  }
}

interface Registry {
  take(path: string, folder: boolean): void
}

/** Each name once, also where upper and lower case are one; a file is nobody's folder. */
function registry(): Registry {
  const taken = new Map<string, { readonly path: string; readonly folder: boolean }>()
  const claim = (path: string, folder: boolean, explicit: boolean) => {
    const key = path.toLowerCase()
    const there = taken.get(key)
    if (there && (there.path !== path || !there.folder || !folder))
      throw new Refusal('unsafe_archive', `${shown(path)} and ${shown(there.path)} are one name`)
    if (!there || explicit) taken.set(key, { path, folder })
  }
  return {
    take(path, folder) {
      for (let at = path.indexOf('/'); at >= 0; at = path.indexOf('/', at + 1))
        claim(path.slice(0, at), true, false)
      claim(path, folder, true)
    },
  }
}

interface Counter {
  add(bytes: number): void
  total(): number
}

function counter(archiveBytes: number, limits: ArchiveLimits): Counter {
  let total = 0
  return {
    add(bytes) {
      total += bytes
      if (total > limits.bytes) throw tooLarge(`more than ${limits.bytes} bytes when unpacked`)
      if (total > limits.ratioFloor && total > archiveBytes * limits.ratio)
        throw tooLarge(`more than ${limits.ratio} times its size when unpacked`)
    },
    total: () => total,
  }
}

/** Passes an entry's bytes on while they are counted; at the end their number and sum must be the promised ones. */
function verified(entry: Entry, count: Counter) {
  return async function* (chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    let size = 0
    let sum = 0
    for await (const chunk of chunks) {
      size += chunk.length
      count.add(chunk.length)
      sum = crc32(chunk, sum)
      yield chunk
    }
    if (size !== entry.uncompressedSize)
      throw new Refusal('unsafe_archive', 'an entry is not as large as it says')
    if (sum !== entry.crc32) throw new Refusal('invalid_archive', 'the archive is damaged: a sum is wrong')
  }
}

async function readConversation(zip: ZipFile, entry: Entry, count: Counter): Promise<unknown> {
  if (entry.uncompressedSize > CONVERSATION_BYTES) throw tooLarge('its conversation is too large')
  const source: Readable = await zip.openReadStreamPromise(entry)
  const parts: Buffer[] = []
  for await (const part of verified(entry, count)(source)) parts.push(part)
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8'))
  } catch {
    throw new Refusal('invalid_archive', 'its conversation is not JSON')
  }
}

function asArchiveRefusal(error: unknown): unknown {
  if (error instanceof Refusal || !(error instanceof Error)) return error
  const code = 'code' in error ? String(error.code) : ''
  // yauzl and zlib name what they dislike; the file system's own failures are not the archive's fault.
  if (code !== '' && !code.startsWith('Z_')) return error
  return new Refusal('invalid_archive', `this is not a sound zip archive: ${error.message}`)
}

function tooLarge(why: string): Refusal {
  return new Refusal('archive_too_large', `the archive is too large: ${why}`)
}

function shown(name: string): string {
  return JSON.stringify(name.length > 80 ? `${name.slice(0, 80)}…` : name)
}
