import {
  close,
  closeSync,
  fdatasync,
  fstatSync,
  fsync,
  ftruncateSync,
  mkdirSync,
  openSync,
  statSync,
  truncateSync,
  unlinkSync,
  writeSync,
  writevSync,
} from 'node:fs'
import { open } from 'node:fs/promises'
import { promisify } from 'node:util'

const closed = promisify(close)
const synced = promisify(fsync)

/** What the journal asks of the system. Passed in, so that a test can give it a disk that fails. */
export const FILES = {
  mkdirSync,
  openSync,
  writevSync,
  ftruncateSync,
  truncateSync,
  closeSync,
  unlinkSync,
  statSync,
  fstatSync,
  fdatasync: promisify(fdatasync),

  /** Bytes of a file; fewer when it is shorter. They are in `into` if there is room for them. */
  async read(path: string, offset: number, length: number, into?: Buffer): Promise<Buffer> {
    const file = await open(path)
    try {
      const bytes = into && into.length >= length ? into.subarray(0, length) : Buffer.allocUnsafeSlow(length)
      let at = 0
      while (at < length) {
        const { bytesRead } = await file.read(bytes, at, length - at, offset + at)
        if (bytesRead === 0) break
        at += bytesRead
      }
      return bytes.subarray(0, at)
    } finally {
      await file.close()
    }
  },

  /** Writes over what is there. */
  overwriteSync(path: string, offset: number, bytes: Uint8Array): void {
    const fd = openSync(path, 'r+')
    try {
      writeSync(fd, bytes, 0, bytes.length, offset)
    } finally {
      closeSync(fd)
    }
  },

  /** A new file survives the machine only when its directory does know of it. Not every file system can be asked. */
  async syncDirectory(path: string): Promise<void> {
    const fd = openSync(path, 'r')
    try {
      await synced(fd)
    } catch (error) {
      if (codeOf(error) === 'EIO') throw error
    } finally {
      await closed(fd)
    }
  },
} as const

export type Files = typeof FILES

/** The system's name for what went wrong; empty when it is not the system's. */
export function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

const BLOCK_BYTES = 64 << 10

/** A whole file. A block that the disk cannot give any more reads as zeros, which no checksum takes for a record. */
export async function readDamaged(files: Files, path: string, into?: Buffer): Promise<Buffer> {
  const { size } = files.statSync(path)
  try {
    return await files.read(path, 0, size, into)
  } catch (error) {
    if (codeOf(error) !== 'EIO') throw error
  }
  const bytes = Buffer.alloc(size)
  for (let at = 0; at < size; at += BLOCK_BYTES)
    try {
      bytes.set(await files.read(path, at, Math.min(BLOCK_BYTES, size - at)), at)
    } catch (error) {
      if (codeOf(error) !== 'EIO') throw error
    }
  return bytes
}
