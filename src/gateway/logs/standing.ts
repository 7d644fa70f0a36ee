import type { Stats } from 'node:fs'
import { stat } from 'node:fs/promises'
import { NotAFile } from './logfile.ts'

export type TailState = 'following' | 'missing' | 'unreadable'

/** How a followed file stands, in words that name no path. */
export interface Standing {
  readonly state: TailState
  readonly detail: string | undefined
}

export const FOLLOWING: Standing = { state: 'following', detail: undefined }

/** Looks before anything is opened: opening a pipe or a device is felt at its other end. */
export async function find(path: string): Promise<Stats | Standing> {
  try {
    const found = await stat(path)
    return found.isFile() ? found : troubleOf(new NotAFile())
  } catch (error) {
    return troubleOf(error)
  }
}

const WORDS: Readonly<Record<string, string>> = {
  EACCES: 'permission denied',
  EPERM: 'permission denied',
  ELOOP: 'its symbolic links go in a circle',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
}

export function troubleOf(error: unknown): Standing {
  if (error instanceof NotAFile) return { state: 'unreadable', detail: 'not a regular file' }
  const code = error instanceof Error && 'code' in error ? String(error.code) : undefined
  // Not a failure of the disk: a bug, which must not pass for one.
  if (!code) throw error
  if (code === 'ENOENT' || code === 'ENOTDIR') return { state: 'missing', detail: 'the file does not exist' }
  return { state: 'unreadable', detail: WORDS[code] ?? `reading failed: ${code}` }
}
