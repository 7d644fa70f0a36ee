import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { type Agent, type AgentOptions, startAgent } from '../../src/agent/agent.ts'

export const KEY = 'the-key-of-these-tests'

/** An agent over a folder of its own; both go when the test does. */
export interface Rig {
  readonly agent: Agent
  readonly dataDir: string
  /** Sends a request with the key. */
  ask(path: string, init?: RequestInit): Promise<Response>
  /** Posts JSON. */
  post(path: string, body: unknown, init?: RequestInit): Promise<Response>
  /** Posts a file as multipart. */
  send(path: string, name: string, content: string | Uint8Array<ArrayBuffer>): Promise<Response>
  /** Asks for a streamed answer. */
  chat(text: string, init?: RequestInit): Promise<Response>
  /** Puts a file into the workspace, behind the agent's back. */
  put(path: string, content: string | Buffer): Promise<void>
  /** All of the workspace as one object: text by path, folders empty. */
  tree(): Promise<Record<string, string>>
  /** The log so far. */
  log(): Promise<string>
  [Symbol.asyncDispose](): Promise<void>
}

export async function startRig(options: Partial<AgentOptions> = {}): Promise<Rig> {
  const dataDir = options.dataDir ?? (await mkdtemp(join(tmpdir(), 'ghost-agent-')))
  const agent = await startAgent({ key: KEY, paceMs: 0, ...options, dataDir })
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(agent.url + path, { ...init, headers: { 'x-ghost-key': KEY, ...init.headers } })
  const post = (path: string, body: unknown, init: RequestInit = {}) =>
    ask(path, {
      ...init,
      method: 'POST',
      body: JSON.stringify(body),
      headers: { 'content-type': 'application/json', ...init.headers },
    })
  return {
    agent,
    dataDir,
    ask,
    post,
    send(path, name, content) {
      const form = new FormData()
      form.append('file', new File([content], name))
      return ask(path, { method: 'POST', body: form })
    },
    chat: (text, init) =>
      post('/api/chat', { stream: true, messages: [{ role: 'user', content: text }] }, init),
    async put(path, content) {
      const target = join(agent.workspace, path)
      await mkdir(dirname(target), { recursive: true })
      await writeFile(target, content)
    },
    async tree() {
      const found: Record<string, string> = {}
      for (const entry of await readdir(agent.workspace, { recursive: true, withFileTypes: true })) {
        const path = join(entry.parentPath, entry.name)
        found[path.slice(agent.workspace.length + 1)] = entry.isFile() ? await readFile(path, 'utf8') : ''
      }
      return found
    },
    log: () => readFile(agent.logFile, 'utf8'),
    async [Symbol.asyncDispose]() {
      await agent.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

export interface Chunk {
  readonly choices?: readonly {
    readonly delta: {
      readonly role?: string
      readonly content?: string
      readonly reasoning_content?: string
      readonly tool_calls?: readonly {
        readonly index: number
        readonly id?: string
        readonly function: { readonly name?: string; readonly arguments: string }
      }[]
    }
    readonly finish_reason: string | null
  }[]
  readonly usage?: object
  readonly error?: { readonly message: string; readonly type: string }
}

/** A streamed answer, read to its end. */
export interface Heard {
  readonly chunks: readonly Chunk[]
  readonly text: string
  readonly reasoning: string
  readonly calls: readonly { readonly id: string; readonly name: string; readonly arguments: string }[]
  readonly finish: string | undefined
  readonly usage: object | undefined
  readonly error: { readonly message: string; readonly type: string } | undefined
  readonly done: boolean
}

export async function hear(response: Response): Promise<Heard> {
  const events = (await response.text()).split('\n\n').filter(Boolean)
  const data = events.map((event) => event.replace(/^data: /, ''))
  const chunks = data.filter((each) => each !== '[DONE]').map((each) => JSON.parse(each) as Chunk)
  const deltas = chunks.flatMap((chunk) => chunk.choices?.map((choice) => choice.delta) ?? [])
  const calls: { id: string; name: string; arguments: string }[] = []
  for (const part of deltas.flatMap((delta) => delta.tool_calls ?? [])) {
    if (part.id) calls[part.index] = { id: part.id, name: part.function.name ?? '', arguments: '' }
    const call = calls[part.index]
    if (call) call.arguments += part.function.arguments
  }
  return {
    chunks,
    text: deltas.map((delta) => delta.content ?? '').join(''),
    reasoning: deltas.map((delta) => delta.reasoning_content ?? '').join(''),
    calls,
    finish:
      chunks
        .flatMap((chunk) => chunk.choices?.map((choice) => choice.finish_reason) ?? [])
        .findLast(Boolean) ?? undefined,
    usage: chunks.find((chunk) => chunk.usage)?.usage,
    error: chunks.find((chunk) => chunk.error)?.error,
    done: data.at(-1) === '[DONE]',
  }
}

/** A JSON answer that the test knows the form of. */
export async function read<T>(response: Response): Promise<T> {
  return (await response.json()) as T
}

/** Waits for what is true sooner or later; the test's own limit ends it. */
export async function until(is: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await is())) await new Promise((resolve) => setTimeout(resolve, 5))
}
