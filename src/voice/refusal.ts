/** Everything the voice server can refuse, with the status that says so. The gateway passes these on as they are. */
export const CODES = {
  invalid_json: 400,
  invalid_request: 400,
  missing_file: 400,
  origin_refused: 403,
  not_found: 404,
  body_too_large: 413,
  text_too_long: 413,
  audio_too_long: 413,
  audio_unreadable: 415,
  voice_busy: 429,
  internal_error: 500,
  voice_error: 502,
  voice_unavailable: 503,
  voice_timeout: 504,
} as const

export type Code = keyof typeof CODES

/** A failure with a name. The edge answers it as `{"error": message, "code": code}`. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: Code
  readonly status: number

  constructor(code: Code, message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.code = code
    this.status = CODES[code]
  }
}

interface Thrown {
  readonly message?: unknown
  readonly code?: unknown
  readonly statusCode?: unknown
}

const FRAMEWORK: Readonly<Record<string, Code>> = {
  FST_ERR_CTP_INVALID_JSON_BODY: 'invalid_json',
  FST_ERR_CTP_EMPTY_JSON_BODY: 'invalid_json',
  FST_ERR_CTP_BODY_TOO_LARGE: 'body_too_large',
}

/** Whatever was thrown, as a refusal. What nobody foresaw becomes `internal_error` with its cause kept. */
export function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  const thrown: Thrown = typeof error === 'object' && error !== null ? error : {}
  const known = FRAMEWORK[String(thrown.code)]
  if (known) return new Refusal(known, String(thrown.message))
  if (error instanceof DOMException && error.name === 'TimeoutError')
    return new Refusal('voice_timeout', 'it took too long')
  if (error instanceof SyntaxError) return new Refusal('invalid_json', 'the body is not JSON')
  if (typeof thrown.statusCode === 'number' && thrown.statusCode < 500)
    return new Refusal('invalid_request', String(thrown.message))
  return new Refusal('internal_error', 'the voice server failed; its log says why', { cause: error })
}
