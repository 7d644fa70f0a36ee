/** Everything that can be refused or go wrong at the wire, with the status that says so. `docs/protocol.md` lists the same. */
export const CODES = {
  invalid_json: 400,
  invalid_request: 400,
  invalid_offset: 400,
  invalid_path: 400,
  missing_file: 400,
  invalid_idempotency_key: 400,
  bad_request: 400,
  unauthorized: 401,
  origin_refused: 403,
  not_found: 404,
  task_not_found: 404,
  not_found_or_done: 404,
  request_timeout: 408,
  idempotency_conflict: 409,
  body_too_large: 413,
  too_many_messages: 413,
  text_too_long: 413,
  audio_too_long: 413,
  audio_unreadable: 415,
  too_many_attempts: 429,
  too_many_requests: 429,
  voice_busy: 429,
  headers_too_large: 431,
  internal_error: 500,
  agent_unreachable: 502,
  agent_redirected: 502,
  agent_bad_answer: 502,
  agent_error: 502,
  voice_unreachable: 502,
  voice_redirected: 502,
  voice_bad_answer: 502,
  voice_error: 502,
  at_capacity: 503,
  shutting_down: 503,
  store_unavailable: 503,
  voice_unavailable: 503,
  agent_timeout: 504,
  voice_timeout: 504,
} as const

export type Code = keyof typeof CODES

/**
 * A failure with a name. The edge turns it into `{"error": message, "code": code}` and its status; nobody reads the message.
 * `status` differs from the table only where an upstream's own status is kept.
 */
export class Fault extends Error {
  override readonly name = 'Fault'
  readonly code: Code
  readonly status: number
  readonly retryAfterS: number | undefined

  constructor(
    code: Code,
    message: string,
    options: { status?: number; retryAfterS?: number; cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause })
    this.code = code
    this.status = options.status ?? CODES[code]
    this.retryAfterS = options.retryAfterS
  }
}

/** What is asked of a gateway that has begun to stop. */
export const stopping = () =>
  new Fault('shutting_down', 'the gateway is stopping: try again in a moment', { retryAfterS: 5 })
