import type { Api } from './api.ts'
import { type MessageRecord, newAnswer, readMessage } from './record.ts'
import { isRecord } from './said.ts'
import { token } from './token.ts'

/** Files of the agent and the conversation, as one archive. Resolves with the name of the saved file. */
export async function saveWorkspace(
  api: Api,
  title: string,
  messages: readonly MessageRecord[],
  progress: (bytes: number) => void,
): Promise<string> {
  const response = await api.expect('/api/workspace/save', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ title, messages }),
  })
  const name = nameIn(response.headers.get('content-disposition') ?? '') ?? 'ghost-workspace.zip'
  download(await whole(response, progress), name)
  return name
}

/** An archive is made while it comes, so nobody knows how long it will be. */
async function whole(response: Response, progress: (bytes: number) => void): Promise<Blob> {
  const parts: Uint8Array<ArrayBuffer>[] = []
  let bytes = 0
  for (const reader = response.body?.getReader(); reader; ) {
    const { done, value } = await reader.read()
    if (done) break
    parts.push(value)
    bytes += value.length
    progress(bytes)
  }
  return new Blob(parts, { type: 'application/zip' })
}

export interface Loaded {
  readonly files: number | undefined
  readonly title: string
  readonly messages: readonly MessageRecord[]
}

/** Replaces the agent's files by those of an archive. The archive's conversation, if it has one, comes back. */
export async function loadWorkspace(
  api: Api,
  file: File,
  progress: (part: number) => void,
  now: number,
): Promise<Loaded> {
  const body = await api.upload('/api/workspace/load', file, progress, new AbortController().signal)
  const conversation = isRecord(body) && isRecord(body.conversation) ? body.conversation : {}
  const messages = Array.isArray(conversation.messages) ? conversation.messages : []
  return {
    files: isRecord(body) && typeof body.files === 'number' ? body.files : undefined,
    title: typeof conversation.title === 'string' ? conversation.title : '',
    messages: messages
      .map((message) => readMessage(message) ?? fromWire(message, now))
      .filter((it) => it !== undefined),
  }
}

/** Other programs save no more than what the agent is told: who said it and what. */
function fromWire(message: unknown, at: number): MessageRecord | undefined {
  if (!isRecord(message) || typeof message.content !== 'string') return undefined
  if (message.role === 'user') return { role: 'user', id: token(), at, text: message.content }
  if (message.role !== 'assistant') return undefined
  const answer = newAnswer(token(), token(), at)
  answer.said.content = message.content
  answer.ending = { kind: 'done' }
  return answer
}

function nameIn(disposition: string): string | undefined {
  const encoded = /filename\*=UTF-8''([^;]+)/i.exec(disposition)?.[1]
  try {
    if (encoded) return decodeURIComponent(encoded)
  } catch {
    // Falls back to the plain name.
  }
  return /filename="?([^";]+)"?/i.exec(disposition)?.[1]
}

function download(blob: Blob, name: string): void {
  const link = document.createElement('a')
  link.href = URL.createObjectURL(blob)
  link.download = name
  link.click()
  // The browser reads it after the click; a minute is plenty for a file that is already here.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}
