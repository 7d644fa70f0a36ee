import { IDEMPOTENCY_HEADER } from '../protocol.ts'

/** What a page can say to the gateway about one answer. */
export interface Exchange {
  /** Whether somebody is there who would take a question. */
  knock(signal: AbortSignal): Promise<Response>
  ask(key: string, signal: AbortSignal): Promise<Response>
  resume(task: string, offset: number, signal: AbortSignal): Promise<Response>
  status(task: string, signal: AbortSignal): Promise<Response>
  cancel(task: string, signal: AbortSignal): Promise<Response>
}

/** One thing said, as the agent reads it. */
export interface WireMessage {
  readonly role: 'user' | 'assistant'
  readonly content: string
}

/** Whoever can ask the gateway with the key. */
export interface Caller {
  fetch(path: string, init: RequestInit): Promise<Response>
}

export function exchange(api: Caller, messages: readonly WireMessage[]): Exchange {
  const body = JSON.stringify({ messages, stream: true })
  return {
    knock: (signal) => api.fetch('/api/chat/tasks', { signal }),
    ask: (key, signal) =>
      api.fetch('/api/chat', {
        method: 'POST',
        headers: { 'content-type': 'application/json', [IDEMPOTENCY_HEADER]: key },
        body,
        signal,
      }),
    resume: (task, offset, signal) =>
      api.fetch(`/api/chat/resume/${encodeURIComponent(task)}?offset=${offset}`, { signal }),
    status: (task, signal) => api.fetch(`/api/chat/task/${encodeURIComponent(task)}`, { signal }),
    cancel: (task, signal) =>
      api.fetch(`/api/chat/cancel/${encodeURIComponent(task)}`, { method: 'POST', signal }),
  }
}
