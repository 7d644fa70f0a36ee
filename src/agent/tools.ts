import { z } from 'zod'
import type { TurnJournal } from './journal.ts'
import { inWords } from './journal.ts'
import { Refusal } from './refusal.ts'
import type { OpenFile, Workspace } from './workspace.ts'

const LISTED = 1_000
const READ_BYTES = 256_000
const WRITE_CHARACTERS = 5_000_000

/** Something the agent can do with its workspace; what it returns is for a model or a person to read. */
export interface Tool {
  readonly name: string
  readonly icon: string
  readonly description: string
  readonly input: z.ZodType
  run(workspace: Workspace, input: unknown): Promise<string>
}

function tool<T>(it: {
  readonly name: string
  readonly icon: string
  readonly description: string
  readonly input: z.ZodType<T>
  readonly run: (workspace: Workspace, input: T) => Promise<string>
}): Tool {
  return { ...it, run: (workspace, input) => it.run(workspace, it.input.parse(input)) }
}

const path = z.string().describe('path relative to the workspace, such as notes/todo.md')

export const TOOLS: readonly Tool[] = [
  tool({
    name: 'list_files',
    icon: '📂',
    description: 'List the files of the workspace with their sizes in bytes.',
    input: z.object({}),
    run: async (workspace) => {
      const { files, more } = await listFiles(workspace)
      if (files.length === 0) return 'The workspace is empty.'
      const lines = files.map((file) => `${file.path} (${file.size} bytes)`)
      return [...lines, ...(more ? [`… and more; only ${LISTED} are listed`] : [])].join('\n')
    },
  }),
  tool({
    name: 'read_file',
    icon: '📖',
    description: `Read a text file of the workspace (at most its first ${READ_BYTES} bytes).`,
    input: z.object({ path }),
    run: (workspace, input) => readText(workspace, input.path),
  }),
  tool({
    name: 'write_file',
    icon: '📝',
    description: 'Write a text file of the workspace, replacing it if it exists. Folders are made as needed.',
    input: z.object({ path, content: z.string().max(WRITE_CHARACTERS) }),
    run: async (workspace, input) => {
      await workspace.write(input.path, input.content)
      return `Wrote ${Buffer.byteLength(input.content)} bytes to ${input.path}.`
    },
  }),
]

export interface ListedFile {
  readonly path: string
  readonly size: number
}

export async function listFiles(
  workspace: Workspace,
): Promise<{ readonly files: readonly ListedFile[]; readonly more: boolean }> {
  const files: ListedFile[] = []
  for await (const place of workspace.walk()) {
    if (place.folder) continue
    if (files.length === LISTED) return { files, more: true }
    const file = await openIfThere(workspace, place.path)
    if (!file) continue
    await file.handle.close()
    files.push({ path: place.path, size: file.size })
  }
  return { files, more: false }
}

/** @throws Refusal not_found, invalid_request when it is no text */
export async function readText(workspace: Workspace, path: string): Promise<string> {
  const file = await workspace.open(path)
  try {
    const bytes = Buffer.alloc(Math.min(file.size, READ_BYTES))
    const { bytesRead } = await file.handle.read(bytes, 0, bytes.length, 0)
    const read = bytes.subarray(0, bytesRead)
    if (read.includes(0)) throw new Refusal('invalid_request', `${path} is not a text file`)
    const cut = file.size > READ_BYTES ? `\n… cut: the file has ${file.size} bytes` : ''
    return read.toString('utf8') + cut
  } finally {
    await file.handle.close()
  }
}

/** Runs a tool and tells the journal of it, such as `📖 READ FILE : notes.md`. */
export async function runTool(
  it: Tool,
  input: unknown,
  workspace: Workspace,
  journal: TurnJournal,
): Promise<string> {
  const about = typeof input === 'object' && input !== null && 'path' in input ? String(input.path) : ''
  const title = it.name.replaceAll('_', ' ').toUpperCase()
  journal.tell(it.icon, title, about)
  try {
    return await it.run(workspace, input)
  } catch (error) {
    journal.tell(it.icon, `${title} FAILED`, inWords(error))
    throw error
  }
}

/** `1 byte`, `27 bytes`, `1.3 kB`. */
export function inBytes(size: number): string {
  if (size < 1_000) return size === 1 ? '1 byte' : `${size} bytes`
  const power = Math.min(3, Math.floor(Math.log10(size) / 3))
  return `${(size / 1_000 ** power).toFixed(1)} ${['bytes', 'kB', 'MB', 'GB'][power]}`
}

async function openIfThere(workspace: Workspace, path: string): Promise<OpenFile | undefined> {
  return workspace.open(path).catch((error) => {
    if (error instanceof Refusal) return undefined
    throw error
  })
}
