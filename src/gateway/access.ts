import { createHmac, hash, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { KEY_HEADER } from '../protocol.ts'
import { Fault } from './fault.ts'
import { networkOf } from './network.ts'

/** What a door asks for: the key in its header; the key or the page's cookie; or the same for a websocket, which has an origin too. */
export type Door = 'key' | 'page' | 'socket'

const COOKIE = 'ghost_page'
const COOKIE_DAYS = 90
const WINDOW_MS = 60_000
const ATTEMPTS = 300
/** Addresses remembered at once; the oldest is forgotten first. */
const ADDRESSES = 10_000

/** The one guard, for HTTP requests and for websocket upgrades. `clock` is milliseconds since the epoch. */
export class Access {
  readonly #key: string
  readonly #digest: Buffer
  readonly #clock: () => number
  readonly #onKnown: (request: IncomingMessage) => void
  readonly #attempts = new Map<string, { failed: number; until: number }>()

  /** `onKnown` is told of each request that is let in. */
  constructor(
    key: string,
    clock: () => number = Date.now,
    onKnown: (request: IncomingMessage) => void = () => {},
  ) {
    this.#key = key
    this.#digest = digest(key)
    this.#clock = clock
    this.#onKnown = onKnown
  }

  /**
   * Lets a request through one kind of door.
   * @throws Fault `unauthorized`, `origin_refused` or, for who failed too often, `too_many_attempts`
   */
  admit(request: IncomingMessage, door: Door): void {
    this.#admit(request, door)
    this.#onKnown(request)
  }

  #admit(request: IncomingMessage, door: Door): void {
    // Node joins a header that came twice with a comma, which is then no key.
    const header = request.headers[KEY_HEADER]
    const inUrl = door === 'key' ? undefined : keyOf(request.url)
    if (typeof header === 'string' && this.#is(header)) return
    if (inUrl !== undefined && this.#is(inUrl)) return
    const cookie = door !== 'key' && this.#cookieHolds(request)
    if (door === 'socket' && foreign(request)) {
      this.#fail(request)
      throw new Fault(
        'origin_refused',
        'this page is of another origin: open the console itself, or send the key',
      )
    }
    if (cookie && header === undefined && inUrl === undefined) return
    if (door !== 'page' || header !== undefined || inUrl !== undefined) this.#fail(request)
    throw new Fault('unauthorized', 'the key is missing or wrong: send it in the header X-Ghost-Key')
  }

  /**
   * Only the gateway's own page may ask for this in a browser: another could otherwise sign a person out.
   * @throws Fault `origin_refused`
   */
  admitOwn(request: IncomingMessage): void {
    if (foreign(request))
      throw new Fault('origin_refused', 'this page is of another origin: open the console itself')
  }

  /** Whether the text is the key; a wrong one counts as an attempt of that address. */
  try(request: IncomingMessage, text: string): boolean {
    if (this.#is(text)) {
      this.#onKnown(request)
      return true
    }
    this.#fail(request)
    return false
  }

  /** `Set-Cookie` of a value that opens the page for a while, proves the key and does not hold it. No days: takes it back. */
  cookie(request: IncomingMessage, days = COOKIE_DAYS): string {
    const expires = Math.floor(this.#clock() / 1000) + days * 86_400
    const secure =
      'encrypted' in request.socket || /^https\b/i.test(String(request.headers['x-forwarded-proto']))
        ? '; Secure'
        : ''
    return `${COOKIE}=${expires}.${this.#sign(expires)}; Path=/; Max-Age=${days * 86_400}; HttpOnly; SameSite=Strict${secure}`
  }

  #is(text: string): boolean {
    return timingSafeEqual(digest(text), this.#digest)
  }

  #sign(expires: number): string {
    return createHmac('sha256', this.#key).update(`page until ${expires}`).digest('base64url')
  }

  #cookieHolds(request: IncomingMessage): boolean {
    const found = request.headers.cookie?.match(/(?:^|;\s*)ghost_page=(\d{1,12})\.([\w-]{43})(?:;|$)/)
    if (!found?.[1] || !found[2]) return false
    const expires = Number(found[1])
    if (expires * 1000 < this.#clock()) return false
    return timingSafeEqual(Buffer.from(found[2]), Buffer.from(this.#sign(expires)))
  }

  #fail(request: IncomingMessage): void {
    const now = this.#clock()
    const address = networkOf(request.socket.remoteAddress)
    let entry = this.#attempts.get(address)
    if (!entry || entry.until <= now) {
      entry = { failed: 0, until: now + WINDOW_MS }
      this.#attempts.delete(address)
      this.#attempts.set(address, entry)
      if (this.#attempts.size > ADDRESSES)
        for (const oldest of this.#attempts.keys()) {
          this.#attempts.delete(oldest)
          break
        }
    }
    if (++entry.failed <= ATTEMPTS) return
    throw new Fault('too_many_attempts', 'too many attempts with a wrong key: wait a minute', {
      retryAfterS: Math.max(1, Math.ceil((entry.until - now) / 1000)),
    })
  }
}

/** Header bytes arrive as Latin-1, the key is ASCII: digests compare in constant time whatever their lengths were. */
function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer')
}

function keyOf(target: string | undefined): string | undefined {
  const query = target?.indexOf('?') ?? -1
  if (!target || query === -1) return undefined
  const keys = new URLSearchParams(target.slice(query)).getAll('key')
  return keys.length === 0 ? undefined : keys.join(',')
}

/** Behind a proxy that ends TLS the scheme is not ours to know, so host and port decide. No Origin: not a browser's page. */
function foreign(request: IncomingMessage): boolean {
  const origin = request.headers.origin
  if (origin === undefined) return false
  const host = request.headers.host ?? request.headers[':authority']
  return !URL.canParse(origin) || new URL(origin).host !== String(host).toLowerCase()
}
