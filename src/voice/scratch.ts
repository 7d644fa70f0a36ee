import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Lends a folder that nobody else can read, and removes it with all that is in it. */
export async function inScratch<T>(act: (dir: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'ghost-voice-'))
  try {
    return await act(dir)
  } finally {
    await rm(dir, { recursive: true, force: true })
  }
}
