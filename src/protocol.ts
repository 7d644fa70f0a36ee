/**
 * The names both sides of the wire speak: paths, headers, event types, end reasons and JSON shapes.
 * `docs/protocol.md` tells what they mean. Imports nothing, so that the page can have it too.
 */

/** The header that carries the key, to the gateway and from it to the agent. */
export const KEY_HEADER = 'x-ghost-key'
export const TASK_HEADER = 'x-task-id'
export const REQUEST_HEADER = 'x-request-id'
export const IDEMPOTENCY_HEADER = 'idempotency-key'
export const LAST_EVENT_HEADER = 'last-event-id'

export const MAX_MESSAGES = 500

export type EndReason = 'done' | 'cancelled' | 'failed' | 'truncated' | 'interrupted'
export type TaskStatus = 'running' | EndReason

/** What an `event: error` says went wrong. */
export type FailureType = 'BufferCapExceeded' | 'UpstreamError' | 'UpstreamTimeout' | 'Interrupted'

/** The last thing in a log. `done` and `cancelled` need no explanation; everything else has one. */
export type End =
  | { readonly reason: 'done' }
  | { readonly reason: 'cancelled' }
  | {
      readonly reason: 'failed' | 'truncated' | 'interrupted'
      readonly type: FailureType
      readonly message: string
    }

/** `GET /api/chat/task/{id}`, and one entry of `GET /api/chat/tasks`. Times are ISO 8601. */
export interface TaskView {
  readonly task_id: string
  readonly status: TaskStatus
  readonly chunks: number
  readonly bytes: number
  readonly created_at: string
  readonly finished_at: string | null
  readonly error: { readonly message: string; readonly type: FailureType } | null
}

/**
 * The answer of `POST /api/chat/cancel/{id}`: the answer has ended for every reader. `turn_cancelled` is null when the agent has no such
 * endpoint. `unconfirmed`: the gateway that ran the task did not say within 2 s what became of the agent's connection.
 */
export interface CancelReceipt {
  readonly status: 'cancelled'
  readonly agent:
    | { readonly closed_ms: number; readonly turn_cancelled: boolean | null }
    | { readonly closed_ms: null; readonly turn_cancelled: null; readonly unconfirmed: true }
}

/** Every error answer of `/api/*`. */
export interface ErrorBody {
  readonly error: string
  readonly code: string
}

/** One line of the agent's log, as `/ws` tells it. */
export interface LogLine {
  readonly content: string
  readonly is_error: boolean
}
export type LogMessage = { readonly type: 'log' } & LogLine
export interface LogBatch {
  readonly type: 'logs'
  readonly lines: readonly LogLine[]
}

/** One direction of speech: what does it, or how to get something that does. */
export type SpeechStanding =
  | { readonly state: 'up'; readonly engine: string }
  | { readonly state: 'off'; readonly detail: string }

/** What `GET /readyz` says of a part. `up` and `following` are well; everything else is not. */
export interface Readiness {
  readonly status: 'ready' | 'not_ready' | 'shutting_down'
  readonly agent: { readonly state: 'up' | 'down'; readonly embedded: boolean; readonly detail?: string }
  readonly store: {
    readonly state: 'up' | 'down'
    readonly kind: string
    readonly durable: boolean
    readonly detail?: string
  }
  readonly voice: {
    readonly state: 'up' | 'down' | 'off'
    readonly embedded: boolean
    readonly detail?: string
    /** Known only of voice servers that tell. */
    readonly stt?: SpeechStanding
    readonly tts?: SpeechStanding
  }
  /** Only where the gateway itself speaks TLS. */
  readonly certificate?: { readonly state: 'valid' | 'expiring' | 'expired'; readonly expires: string }
  readonly log: { readonly state: 'following' | 'missing' | 'unreadable' | 'off'; readonly detail?: string }
}
