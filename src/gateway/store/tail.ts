import type { Files } from './files.ts'

/** The file that is being written. It is closed only when no sync of it is under way. */
export class Tail {
  readonly #files: Files
  readonly #fd: number
  readonly #syncs: boolean
  #unsynced = false
  #syncing: Promise<void> = Promise.resolve()

  constructor(files: Files, fd: number, syncs: boolean) {
    this.#files = files
    this.#fd = fd
    this.#syncs = syncs
  }

  /** Gives the number of bytes written: all of them. @throws the system's error; some may have been written then */
  write(buffers: readonly Uint8Array[]): number {
    let length = 0
    for (const buffer of buffers) length += buffer.length
    let left = buffers
    for (let written = 0; written < length; ) {
      const now = this.#files.writevSync(this.#fd, left as Uint8Array[])
      if (now <= 0) throw Object.assign(new Error('the disk takes nothing'), { code: 'ENOSPC' })
      written += now
      if (written < length) left = behind(left, now)
    }
    this.#unsynced = true
    return length
  }

  /** Takes back what is behind `size`. False: it cannot. */
  cut(size: number): boolean {
    try {
      this.#files.ftruncateSync(this.#fd, size)
      return true
    } catch {
      return false
    }
  }

  /** @throws the system's error */
  sync(): Promise<void> {
    if (!this.#syncs) return Promise.resolve()
    this.#syncing = this.#syncing.then(async () => {
      if (!this.#unsynced) return
      this.#unsynced = false
      await this.#files.fdatasync(this.#fd)
    })
    return this.#syncing
  }

  /** @throws the system's error, of the sync */
  async close(): Promise<void> {
    try {
      await this.sync()
    } finally {
      this.#files.closeSync(this.#fd)
    }
  }

  inode(): number {
    return this.#files.fstatSync(this.#fd).ino
  }
}

/** What is left of the buffers when so many bytes of them are written. */
function behind(buffers: readonly Uint8Array[], bytes: number): Uint8Array[] {
  const left: Uint8Array[] = []
  let skip = bytes
  for (const buffer of buffers) {
    if (skip < buffer.length) left.push(skip > 0 ? buffer.subarray(skip) : buffer)
    skip = Math.max(0, skip - buffer.length)
  }
  return left
}
