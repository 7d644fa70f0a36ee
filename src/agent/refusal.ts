/** Everything the agent can refuse, with the status that says so. */
export const CODES = {
  invalid_json: 400,
  invalid_request: 400,
  invalid_path: 400,
  missing_file: 400,
  unsafe_archive: 400,
  invalid_archive: 400,
  unauthorized: 401,
  not_found: 404,
  turn_running: 409,
  turn_cancelled: 409,
  body_too_large: 413,
  too_many_messages: 413,
  archive_too_large: 413,
  workspace_too_large: 413,
  unsupported_media_type: 415,
  range_not_satisfiable: 416,
  model_busy: 429,
  internal_error: 500,
  model_unreachable: 502,
  model_refused: 502,
  model_error: 502,
  storage_full: 507,
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
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'unsupported_media_type',
  FST_ERR_BAD_URL: 'invalid_path',
  ENOSPC: 'storage_full',
  EDQUOT: 'storage_full',
}

/** Whatever was thrown, as a refusal. What nobody foresaw becomes `internal_error` with its cause kept for the journal. */
export function asRefusal(error: unknown): Refusal {
  if (error instanceof Refusal) return error
  const thrown: Thrown = typeof error === 'object' && error !== null ? error : {}
  const known = FRAMEWORK[String(thrown.code)]
  if (known === 'storage_full') return new Refusal(known, 'the disk is full', { cause: error })
  if (known) return new Refusal(known, String(thrown.message))
  if (error instanceof SyntaxError) return new Refusal('invalid_json', 'the body is not JSON')
  if (typeof thrown.statusCode === 'number' && thrown.statusCode < 500)
    return new Refusal('invalid_request', String(thrown.message))
  return new Refusal('internal_error', 'the agent failed; its log says why', { cause: error })
}
