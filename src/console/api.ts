import { KEY_HEADER } from '../protocol.ts'
import { failureOf, isRecord } from './said.ts'

/** An answer of the gateway that is not the one that was asked for. */
export class ApiError extends Error {
  readonly status: number
  readonly code: string

  constructor(status: number, code: string, message: string) {
    super(message)
    this.status = status
    this.code = code
  }
}

/** The one place that knows the key. It goes to this origin's /api/ and nowhere else. */
export class Api {
  readonly #key: string
  readonly #refused: () => void

  constructor(key: string, refused: () => void) {
    this.#key = key
    this.#refused = refused
  }

  /** Without a key this page can only wait for the one that has it. */
  get hasKey(): boolean {
    return this.#key !== ''
  }

  async fetch(path: string, init: RequestInit = {}): Promise<Response> {
    if (!this.hasKey) throw new TypeError('this page has no key')
    const headers = new Headers(init.headers)
    headers.set(KEY_HEADER, this.#key)
    const response = await fetch(ownApi(path), { ...init, headers, redirect: 'error', cache: 'no-store' })
    if (response.status === 401) this.#refused()
    return response
  }

  /** The same, and anything but a good answer is thrown as what the gateway says of it. */
  async expect(path: string, init: RequestInit = {}): Promise<Response> {
    const response = await this.fetch(path, init)
    if (!response.ok) throw errorOf(response.status, await response.text())
    return response
  }

  /** `fetch` cannot tell how far an upload is, XMLHttpRequest can. */
  upload(path: string, file: File, progress: (part: number) => void, signal: AbortSignal): Promise<unknown> {
    if (!this.hasKey)
      return Promise.reject(new ApiError(0, 'unreachable', 'files wait until the gateway is back'))
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    const request = new XMLHttpRequest()
    const form = new FormData()
    form.append('file', file, file.name)
    request.open('POST', ownApi(path))
    request.setRequestHeader(KEY_HEADER, this.#key)
    request.upload.onprogress = (event) => {
      if (event.lengthComputable && event.total > 0) progress(event.loaded / event.total)
    }
    request.onload = () => {
      if (request.status === 401) this.#refused()
      if (request.status >= 200 && request.status < 300) resolve(parsed(request.responseText))
      else reject(errorOf(request.status, request.responseText))
    }
    request.onerror = () => reject(new ApiError(0, 'unreachable', 'the connection was lost'))
    request.onabort = () => reject(new ApiError(0, 'aborted', 'stopped'))
    signal.addEventListener('abort', () => request.abort())
    request.send(form)
    return promise
  }
}

function ownApi(path: string): URL {
  const url = new URL(path, location.origin)
  if (url.origin !== location.origin || !url.pathname.startsWith('/api/'))
    throw new Error(`${path} is not of this gateway's API`)
  return url
}

function errorOf(status: number, text: string): ApiError {
  const body = parsed(text)
  const code = isRecord(body) && typeof body.code === 'string' ? body.code : 'refused'
  const said = isRecord(body) ? failureOf(body).message : `the gateway answered ${status}`
  return new ApiError(status, code, said)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
