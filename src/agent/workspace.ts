import { randomUUID } from 'node:crypto'
import { constants } from 'node:fs'
import {
  type FileHandle,
  lstat,
  mkdir,
  open,
  readdir,
  realpath,
  rename,
  rm,
  stat,
  writeFile,
} from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import { fileName, isHidden, numbered, plainPath } from './path.ts'
import { Refusal } from './refusal.ts'

const { O_RDONLY, O_WRONLY, O_APPEND, O_CREAT } = constants
/** Neither through a link, nor waiting for the other end of a pipe. Windows has neither flag. */
const GUARDED = (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)
const NAMESAKES = 1_000

export interface OpenFile {
  readonly handle: FileHandle
  /** Bytes, when it was opened. */
  readonly size: number
  readonly modified: Date
  readonly etag: string
}

/** A place below the root: a regular file or a folder. Links, pipes and devices are never among them. */
export interface Place {
  readonly path: string
  readonly folder: boolean
}

/**
 * The agent's files. Every path that comes from outside goes through `plainPath`, and every file is opened by `openBelow`.
 * Uploads and unpacked archives grow in a folder beside the root and are renamed into it when they are whole.
 */
export interface Workspace {
  readonly root: string
  /** A fresh path beside the root, on the same file system. */
  scratch(): string
  /** Regular files and folders, in order; hidden ones only if asked for. */
  walk(options?: { readonly hidden?: boolean }): AsyncGenerator<Place>
  /** @throws Refusal not_found for whatever is not a regular file below the root */
  open(path: string): Promise<OpenFile>
  /** As `open`, but takes paths of `walk`, hidden ones too. */
  openPlace(place: Place): Promise<OpenFile>
  write(path: string, text: string): Promise<void>
  append(path: string, text: string): Promise<void>
  /** Moves a finished file in; if its name is taken it becomes `name (2)`. Returns the name it got. */
  adopt(file: string, name: string): Promise<string>
  /** Puts a finished folder in the place of the root. */
  replaceBy(folder: string): Promise<void>
}

/** Opens, and after a crash in the middle of a replacement restores, the workspace at `folder`. */
export async function openWorkspace(folder: string): Promise<Workspace> {
  const beside = `${folder}.tmp`
  await restore(folder, beside)
  await mkdir(folder, { recursive: true })
  await mkdir(beside, { recursive: true })
  const root = await realpath(folder)
  let replacing: Promise<void> = Promise.resolve()

  const scratch = () => join(beside, randomUUID())
  const visible = (path: string) => {
    const plain = plainPath(path)
    if (isHidden(plain)) throw missing(plain)
    return plain
  }
  const swap = async (staged: string) => {
    const old = join(beside, `previous-${randomUUID()}`)
    await rename(root, old)
    try {
      await rename(staged, root)
    } catch (error) {
      await rename(old, root)
      throw error
    }
    await rm(old, { recursive: true, force: true })
  }
  return {
    root,
    scratch,
    walk: ({ hidden = false } = {}) => walk(root, hidden),
    open: async (path) => await openBelow(root, visible(path)),
    openPlace: (place) => openBelow(root, place.path),
    async write(path, text) {
      const target = await placeFor(root, visible(path))
      const draft = scratch()
      await writeFile(draft, text, { flag: 'wx' })
      await rename(draft, target)
    },
    async append(path, text) {
      const target = await placeFor(root, visible(path))
      const handle = await open(target, O_WRONLY | O_APPEND | O_CREAT | GUARDED, 0o644).catch((error) => {
        throw refused(path, error)
      })
      try {
        if (!(await handle.stat()).isFile()) throw missing(path)
        await handle.appendFile(text)
      } finally {
        await handle.close()
      }
    },
    adopt: (file, name) => adopt(root, file, name),
    replaceBy(staged) {
      const done = replacing.then(() => swap(staged))
      replacing = done.catch(() => {})
      return done
    },
  }
}

async function* walk(root: string, hidden: boolean, folder = ''): AsyncGenerator<Place> {
  const entries = await readdir(join(root, folder), { withFileTypes: true }).catch(() => [])
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (!hidden && entry.name.startsWith('.')) continue
    const path = folder ? `${folder}/${entry.name}` : entry.name
    if (entry.isDirectory()) {
      yield { path, folder: true }
      yield* walk(root, hidden, path)
    } else if (entry.isFile()) yield { path, folder: false }
  }
}

async function openBelow(root: string, path: string): Promise<OpenFile> {
  const full = join(root, path)
  // Before the opening, since opening a pipe already lets its other end go on.
  const seen = await lstat(full).catch((error) => {
    throw refused(path, error)
  })
  if (!seen.isFile()) throw missing(path)
  const handle = await open(full, O_RDONLY | GUARDED).catch((error) => {
    throw refused(path, error)
  })
  try {
    const about = await handle.stat({ bigint: true })
    // A folder on the way may be a link, or become one between two looks: what counts is where the opened file really is.
    const real = await realpath(full)
    const there = await stat(real, { bigint: true })
    const same = there.dev === about.dev && there.ino === about.ino
    if (!same || !about.isFile() || !real.startsWith(root + sep)) throw missing(path)
    return {
      handle,
      size: Number(about.size),
      modified: new Date(Number(about.mtimeMs)),
      etag: `"${about.ino.toString(36)}-${about.size.toString(36)}-${about.mtimeNs.toString(36)}"`,
    }
  } catch (error) {
    await handle.close()
    throw refused(path, error)
  }
}

/** Where a file may be written: its folders exist and none of them is a link. */
async function placeFor(root: string, path: string): Promise<string> {
  let folder = root
  for (const part of dirname(path).split('/')) {
    if (part === '.') continue
    folder = join(folder, part)
    await mkdir(folder).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'EEXIST') throw error
    })
    if (!(await lstat(folder)).isDirectory()) throw new Refusal('invalid_path', `${part} is not a folder`)
  }
  const target = join(root, path)
  const there = await lstat(target).catch(() => undefined)
  if (there && !there.isFile()) throw new Refusal('invalid_path', `${path} is not a file`)
  return target
}

async function adopt(root: string, file: string, given: string): Promise<string> {
  const wanted = fileName(given)
  for (let n = 1; n <= NAMESAKES; n++) {
    const name = n < NAMESAKES ? numbered(wanted, n) : `${randomUUID()}-${wanted}`
    // An empty file of that name keeps two uploads of one name from taking it both.
    const held = await open(join(root, name), 'wx').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'EEXIST') return undefined
      throw error
    })
    if (!held) continue
    await held.close()
    await rename(file, join(root, name))
    return name
  }
  throw new Refusal('internal_error', `no free name for ${wanted}`)
}

/** If the process died between the two renames of a replacement, the old workspace is the only one: it comes back. */
async function restore(folder: string, beside: string): Promise<void> {
  if (!(await stat(folder).catch(() => undefined))) {
    const left = await readdir(beside).catch(() => [])
    const old = left.find((name) => name.startsWith('previous-'))
    if (old) await rename(join(beside, old), folder)
  }
  await rm(beside, { recursive: true, force: true })
}

function missing(path: string): Refusal {
  return new Refusal('not_found', `there is no file ${path}`)
}

const ABSENT = new Set(['ENOENT', 'ENOTDIR', 'ELOOP', 'EACCES', 'EPERM', 'ENXIO', 'ENAMETOOLONG', 'EISDIR'])

function refused(path: string, error: unknown): unknown {
  return ABSENT.has(String((error as NodeJS.ErrnoException).code)) ? missing(path) : error
}
