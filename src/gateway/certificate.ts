import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'
import { createSecureContext, type SecureContextOptions } from 'node:tls'
import type { Readiness } from '../protocol.ts'
import { ConfigError } from './config.ts'

/** From here on it is told that a certificate ends. */
const SOON_MS = 21 * 86_400_000

/** The files of a certificate and of its key. */
export interface Pair {
  readonly cert: string
  readonly key: string
}

export type Standing = NonNullable<Readiness['certificate']>

/** What is read of a pair: the two as TLS wants them, and when they end. */
interface Read {
  readonly options: SecureContextOptions & { readonly cert: string; readonly key: string }
  readonly expires: Date
}

export interface Say {
  info(line: string): void
  warn(line: string): void
}

/** A certificate with its key, and with what comes in its place. */
export class Certificate {
  readonly #pair: Pair
  readonly #say: Say
  #now: Read
  #said: Standing['state'] = 'valid'

  /**
   * Reads the pair and tries it.
   * @throws ConfigError that names the variable
   */
  static async open(pair: Pair, say: Say): Promise<Certificate> {
    return new Certificate(pair, await read(pair), say)
  }

  private constructor(pair: Pair, now: Read, say: Say) {
    this.#pair = pair
    this.#now = now
    this.#say = say
    this.#warn()
  }

  get options(): SecureContextOptions {
    return this.#now.options
  }

  standing(now = Date.now()): Standing {
    const left = this.#now.expires.getTime() - now
    const state = left <= 0 ? 'expired' : left <= SOON_MS ? 'expiring' : 'valid'
    return { state, expires: this.#now.expires.toISOString() }
  }

  /**
   * Looks at the files again and again, since they are links, mounts and renamed files that no watcher follows alike. What is new counts
   * once it was seen twice: between the first file and the second the pair never fits. What does not hold is told, and the old pair stays.
   */
  async watch(everyMs: number, signal: AbortSignal, take: (options: SecureContextOptions) => void) {
    let known = markOf(this.#now)
    let seen = known
    while (await tick(everyMs, signal)) {
      const found = await read(this.#pair).catch(mistake)
      const mark = markOf(found)
      const settled = mark === seen
      seen = mark
      if (settled && mark !== known) {
        known = mark
        if (found instanceof ConfigError) this.#say.warn(`${found.message}; the certificate before it stays`)
        else {
          this.#now = found
          this.#said = 'valid'
          take(found.options)
          this.#say.info(`the certificate was renewed; it expires ${found.expires.toISOString()}`)
        }
      }
      this.#warn()
    }
  }

  /** Once for each thing that there is to say. */
  #warn(): void {
    const { state, expires } = this.standing()
    if (state !== this.#said && state !== 'valid')
      this.#say.warn(
        `the certificate in GHOST_TLS_CERT ${state === 'expired' ? 'has expired' : 'expires soon'}: ${expires}`,
      )
    this.#said = state
  }
}

async function read(pair: Pair): Promise<Read> {
  const cert = await content('GHOST_TLS_CERT', pair.cert)
  const key = await content('GHOST_TLS_KEY', pair.key)
  const named = `GHOST_TLS_CERT=${pair.cert}`
  const x509 = attempt(`${named} holds no certificate in PEM`, () => new X509Certificate(cert))
  const secret = attempt(`GHOST_TLS_KEY=${pair.key} holds no private key in PEM without a passphrase`, () =>
    createPrivateKey(key),
  )
  if (!x509.checkPrivateKey(secret))
    throw new ConfigError(`GHOST_TLS_KEY=${pair.key} is not the key of the certificate in ${named}`)
  const options = { cert, key, minVersion: 'TLSv1.2' } as const
  attempt(`${named} cannot be used`, () => createSecureContext(options))
  return { options, expires: new Date(x509.validTo) }
}

const markOf = (found: Read | ConfigError) =>
  found instanceof ConfigError ? found.message : found.options.cert + found.options.key

const mistake = (error: unknown) => {
  if (error instanceof ConfigError) return error
  throw error
}

const tick = (everyMs: number, signal: AbortSignal) =>
  pause(everyMs, true, { signal, ref: false }).catch(() => false)

async function content(variable: string, file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const why = error instanceof Error && 'code' in error ? error.code : error
    throw new ConfigError(`${variable}=${file} cannot be read (${why})`, { cause: error })
  }
}

/** What OpenSSL says of it helps nobody and may quote what it read. */
function attempt<T>(sentence: string, act: () => T): T {
  try {
    return act()
  } catch (error) {
    throw new ConfigError(sentence, { cause: error })
  }
}
